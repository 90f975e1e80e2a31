"""One brain for all roles: a planner, and a plain stand-in for each of the other roles."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from harness.content import Reference, admits_failure
from harness.planners.decisions import (
    Brain,
    Classification,
    Context,
    Contract,
    Critique,
    Observation,
    Planner,
    Role,
    Synthesis,
)

LONG_FROM_STEPS = 7


def with_roles(planner: Planner, reference: Reference) -> Brain:
    """Return a brain that plans with ``planner`` and answers every other role by rules.

    Synthesis repeats the draft, critique looks at what became of the writes, classification at the reference.
    """
    voices: dict[Role, Callable[[Context], Contract]] = {
        "planner": planner,
        "synthesis": lambda context: Synthesis(context.draft),
        "critique": criticise,
        "classification": lambda context: classify(reference, context),
    }
    return lambda context: voices[context.role](context)


def criticise(context: Context) -> Critique:
    """Refuse a draft that admits nothing while a write did not work; accept every other."""
    if admits_failure(context.draft):
        return Critique(accept=True)
    open_ends = [f"{one.request.tool} ({one.status})" for one in _last_of_each_write(context) if one.status != "ok"]
    if not open_ends:
        return Critique(accept=True)
    return Critique(accept=False, problem=f"The answer claims success, but this did not work: {', '.join(open_ends)}.")


def _last_of_each_write(context: Context) -> Iterator[Observation]:
    last: dict[str, Observation] = {}
    for one in context.observations:
        spec = context.catalogue.get(one.request.tool)
        if spec is not None and spec.effect != "read":
            last[one.request.intent or one.request.tool] = one
    yield from last.values()


def classify(reference: Reference, context: Context) -> Classification:
    """Call an ask long when it takes many steps or something irreversible, and single-turn when it takes none."""
    specs = [context.catalogue.get(step.tool) for step in reference.steps]
    if not specs:
        return Classification("single_turn")
    irreversible = any(spec is not None and spec.effect == "irreversible" for spec in specs)
    return Classification("long" if irreversible or len(specs) >= LONG_FROM_STEPS else "interactive")
