"""A planner that follows the reference: one call a turn, bound from earlier results, with sense for errors."""

from __future__ import annotations

from typing import Any

from harness.content import Reference, Unbound, bind
from harness.planners.decisions import Brain, Context, Decision, Observation, ToolRequest

ATTEMPTS_PER_STEP = 2


def scripted(reference: Reference) -> Brain:
    """Return a brain that walks ``reference``.

    A transient failure is planned once more, anything else that is not ``ok`` ends the walk with an honest answer.
    """

    def decide(context: Context) -> Decision:
        results: dict[str, Any] = {}
        for index, step in enumerate(reference.steps):
            intent = f"step-{index + 1}"
            seen = context.of_intent(intent)
            if seen and seen[-1].status == "ok":
                results[step.id or intent] = seen[-1].value
                continue
            if seen and not _worth_another(seen):
                return Decision(answer=_regret(seen[-1]), confidence=0.5)
            return _next_call(step.tool, step.args, intent, results)
        return _last_word(reference.answer, results)

    return decide


def _worth_another(seen: list[Observation]) -> bool:
    return seen[-1].retryable and len(seen) < ATTEMPTS_PER_STEP


def _next_call(tool: str, args: dict[str, Any], intent: str, results: dict[str, Any]) -> Decision:
    try:
        arguments = bind(args, results)
    except Unbound as error:
        return Decision(answer=f"I could not go on: a value that {tool} needs is missing ({error}).", confidence=0.3)
    return Decision(calls=(ToolRequest(tool, arguments, intent),), thought=f"{intent}: {tool}")


def _last_word(answer: str, results: dict[str, Any]) -> Decision:
    try:
        return Decision(answer=str(bind(answer, results)))
    except Unbound as error:
        return Decision(answer=f"The steps are done, but I can not report a value ({error}).", confidence=0.5)


def _regret(last: Observation) -> str:
    tool = last.request.tool
    if last.status == "denied":
        return f"I did not go on: {tool} was not approved ({last.message})."
    if last.status == "unknown":
        return f"I do not know whether {tool} took effect ({last.message}); a person should look."
    return f"I could not finish: {tool} failed ({last.message})."
