"""A planner that follows the reference: one call a turn, bound from earlier results, with sense for errors."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

import msgspec

from harness.content import Reference, ReferenceStep, Unbound, bind
from harness.planners.decisions import Context, Decision, Observation, Planner, ToolRequest

ATTEMPTS_PER_STEP = 2
ANSWER = "answer"  # the intent of what comes after the last step


class Stand(msgspec.Struct, frozen=True):
    """Where a walk along a reference has come to.

    ``index`` is that of the step that is next, None when all are behind; ``seen`` is what came of it so far.
    ``results`` are those of the steps before it, ``waiting`` the tools of the steps that were left to people,
    ``undone`` those of the steps that need one of these.
    """

    index: int | None
    intent: str
    seen: list[Observation]
    results: dict[str, Any]
    waiting: list[str]
    undone: list[str]


def intent_of(index: int) -> str:
    """Name the intent of a step."""
    return f"step-{index + 1}"


def stand(reference: Reference, context: Context, skipped: Container[int] = ()) -> Stand:
    """Find the first step that is neither done nor left to people.

    A step in ``skipped`` is passed over, as if its result were what it would have been asked for.
    """
    results: dict[str, Any] = {}
    waiting: list[str] = []
    undone: list[str] = []
    left: set[str] = set()
    for index, step in enumerate(reference.steps):
        intent = intent_of(index)
        seen = context.of_intent(intent)
        status = seen[-1].status if seen else None
        if status == "ok":
            results[step.id or intent] = seen[-1].value
        elif status in ("queued", "drafted"):
            waiting.append(step.tool)
            left.add(step.id)
        elif not left.isdisjoint(step.needs):
            undone.append(step.tool)
            left.add(step.id)
        elif index in skipped:
            results[step.id or intent] = _as_asked(step, results)
        else:
            return Stand(index, intent, seen, results, waiting, undone)
    return Stand(None, ANSWER, context.of_intent(ANSWER), results, waiting, undone)


def _as_asked(step: ReferenceStep, results: dict[str, Any]) -> Any:
    try:
        return bind(step.args, results)
    except Unbound:
        return None


def move(reference: Reference, here: Stand) -> Decision:
    """Decide as a sound planner does: the next call, one more attempt, an honest end, or the answer."""
    if here.index is None:
        return _last_word(reference.answer, here)
    if here.seen and not _worth_another(here.seen):
        return Decision(answer=_handed_over(here) + _regret(here.seen[-1]), confidence=0.5)
    try:
        request = request_of(reference, here.index, here)
    except Unbound as error:
        tool = reference.steps[here.index].tool
        answer = f"{_handed_over(here)}I could not go on: a value that {tool} needs is missing ({error})."
        return Decision(answer=answer, confidence=0.3)
    return Decision(calls=(request,), thought=f"{here.intent}: {request.tool}")


def request_of(reference: Reference, index: int, here: Stand) -> ToolRequest:
    """Return the request of a step as it can be bound from ``here``; raises Unbound when it can not."""
    step = reference.steps[index]
    return ToolRequest(step.tool, bind(step.args, here.results), intent_of(index))


def scripted(reference: Reference) -> Planner:
    """Return a planner that walks ``reference``.

    A transient failure is planned once more. A step that is left to people does not stop the steps that can do without
    its result. Anything else that is not ``ok`` ends the walk with an honest answer.
    """
    return lambda context: move(reference, stand(reference, context))


def _worth_another(seen: list[Observation]) -> bool:
    return seen[-1].retryable and len(seen) < ATTEMPTS_PER_STEP


def _last_word(answer: str, here: Stand) -> Decision:
    if here.waiting:
        return Decision(answer=f"{_handed_over(here)}All other steps are done.")
    try:
        return Decision(answer=str(bind(answer, here.results)))
    except Unbound as error:
        return Decision(answer=f"The steps are done, but I can not report a value ({error}).", confidence=0.5)


def _handed_over(here: Stand) -> str:
    handed = f"I handed over: {', '.join(here.waiting)}; people decide on that. " if here.waiting else ""
    return handed + (f"Not done, as it needs that first: {', '.join(here.undone)}. " if here.undone else "")


def _regret(last: Observation) -> str:
    tool = last.request.tool
    if last.status == "denied":
        return f"I did not go on: {tool} was not approved ({last.message})."
    if last.status == "unknown":
        return f"I do not know whether {tool} took effect ({last.message}); a person should look."
    return f"I could not finish: {tool} failed ({last.message})."
