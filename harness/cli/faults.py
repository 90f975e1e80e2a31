"""``harness faults``: the fault kinds of all packs."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from harness.boundary import CallFault, FaultKind, Seeding, Trigger, family_of
from harness.cli.console import say, say_rows
from harness.content import all_fault_kinds


def faults(as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False) -> None:
    """List the fault kinds, where they apply, and their options with defaults.

    Example: harness faults
    """
    kinds = {name: kind for name, kind in all_fault_kinds().items() if ":" not in name}
    rows = [_row(kind) for kind in sorted(kinds.values(), key=lambda one: (_family(one), one.name))]
    columns = ("kind", "family", "type", "applies to", "options", "what it does")
    say_rows(f"{len(rows)} fault kinds", columns, rows, as_json=as_json)
    if not as_json:
        say("at:   [run/]port[:name][[identity]], for example tool:issue_refund[order_id=O-1003]; * matches anything")
        say(f"when: one of {', '.join(Trigger.model_fields)}; counted at each address; nth: 1 where it is left out")


def _row(kind: FaultKind) -> list[Any]:
    sort, applies, summary = _described(kind)
    return [kind.name, _family(kind), sort, applies, _options(kind), (summary or "").strip().partition("\n")[0]]


def _family(kind: FaultKind) -> str:
    if isinstance(kind.family, str):
        return kind.family
    families = {family_of(kind, kind.options.model_validate(options)) for options in kind.variants.values()}
    return ", ".join(sorted(families))


def _described(kind: FaultKind) -> tuple[str, str, str | None]:
    if isinstance(kind, CallFault):
        return "call", ", ".join(kind.ports), kind.inject.__doc__
    if isinstance(kind, Seeding):
        return "seeding", "world", kind.seed.__doc__
    return "simulation", "clock", kind.act.__doc__


def _options(kind: FaultKind) -> str:
    fields = kind.options.model_fields.items()
    return ", ".join(name if field.is_required() else f"{name}={field.default}" for name, field in fields)
