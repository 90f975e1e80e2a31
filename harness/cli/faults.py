"""``harness faults``: the fault kinds of all packs, and what they cover."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from harness.boundary import CallFault, FaultKind, Seeding, Trigger, family_of
from harness.cli.console import complain, say, say_rows, say_table
from harness.content import CoveredItem, all_fault_kinds, all_profiles, fault_coverage, where_it_applies

UNCOVERED = 1


def faults(
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Show what each item of the union of known faults is covered by.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False,
) -> None:
    """List the fault kinds, where they apply, their options with defaults, and their variants.

    With --coverage, list the faults that are known in the field instead, each with its kind and options; the exit code
    is 1 when one of them is not covered.

    Example: harness faults
    """
    if coverage:
        _show_coverage(as_json=as_json)
        return
    kinds = [kind for name, kind in all_fault_kinds().items() if ":" not in name]
    kinds.sort(key=lambda one: (_family(one), one.name))
    columns = ("kind", "family", "type", "applies to", "options", "what it does")
    if as_json:
        rows = [[*_row(kind), list(kind.variants)] for kind in kinds]
        say_rows("", (*columns, "variants"), rows, as_json=True)
        return
    say_table(f"{len(kinds)} fault kinds", columns, [_row(kind) for kind in kinds])
    say_table("in which variants", ("kind", "variants"), [_variants(kind) for kind in kinds if kind.variants])
    profiles = [[name, one.description] for name, one in all_profiles().items() if ":" not in name]
    say_table("profiles, for a plan that says profile: name", ("profile", "what it is like"), profiles)
    say("at:   [run/]port[:name][[identity]], for example tool:issue_refund[order_id=O-1003]; * matches anything")
    say(f"when: one of {', '.join(Trigger.model_fields)}; counted at each address; nth: 1 where it is left out")


def _row(kind: FaultKind) -> list[Any]:
    sort, summary = _described(kind)
    first_line = (summary or "").strip().partition("\n")[0]
    return [kind.name, _family(kind), sort, where_it_applies(kind), _options(kind), first_line]


def _variants(kind: FaultKind) -> list[Any]:
    return [kind.name, "; ".join(kind.variants)]


def _family(kind: FaultKind) -> str:
    if isinstance(kind.family, str):
        return kind.family
    families = {family_of(kind, kind.options.model_validate(options)) for options in kind.variants.values()}
    return ", ".join(sorted(families))


def _described(kind: FaultKind) -> tuple[str, str | None]:
    if isinstance(kind, CallFault):
        return "call", kind.inject.__doc__
    if isinstance(kind, Seeding):
        return "seeding", kind.seed.__doc__
    return "simulation", kind.act.__doc__


def _options(kind: FaultKind) -> str:
    fields = kind.options.model_fields.items()
    return ", ".join(name if field.is_required() else f"{name}={field.default}" for name, field in fields)


def _show_coverage(*, as_json: bool) -> None:
    """Print the union of known faults; exits with 1 where an item is not covered."""
    items = fault_coverage()
    uncovered = [one.problem for one in items if one.problem is not None]
    columns = ("group", "item", "kind", "variant", "options", "applies to")
    rows = [_covered(one, as_json=as_json) for one in items]
    say_rows(f"{len(items) - len(uncovered)} of {len(items)} known faults are covered", columns, rows, as_json=as_json)
    for problem in uncovered:
        complain(f"not covered: {problem}")
    if uncovered:
        raise typer.Exit(UNCOVERED)


def _covered(item: CoveredItem, *, as_json: bool) -> list[Any]:
    options: Any = item.options
    if not as_json and options is not None:
        options = ", ".join(f"{name}={value}" for name, value in options.items()) or "as they are by default"
    return [item.group, item.item, item.kind, item.variant, options, item.applies_to]
