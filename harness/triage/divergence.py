"""Where two trials part: the first step that is not the same, what kind of change it is, and who made it.

Everything before the fork is equal on both sides. So whoever makes the first different step was given the same, and is
the one who changed; unless what it was given differs in something that is no step, as the text of a prompt does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

import msgspec

from harness.history import Event, canonical_json
from harness.triage.alignment import Row, align
from harness.triage.steps import Step, StepKind, steps_of
from harness.triage.wording import is_decided, told

DivergenceClass = Literal[
    "plan",
    "arguments",
    "order",
    "retry",
    "policy",
    "breaker",
    "budget",
    "tool_result",
    "termination",
    "output",
]
Author = Literal["planner", "agent", "orchestrator", "policy", "approver", "tools", "faults", "upstream"]

_CONTROL: dict[StepKind, DivergenceClass] = {
    "breaker": "breaker",
    "budget": "budget",
    "start": "budget",
    "retry": "retry",
    "ruling": "policy",
    "approval": "policy",
    "fault": "tool_result",
    "reply": "tool_result",
    "effect": "tool_result",
    "loop": "termination",
    "fallback": "termination",
}
_REQUESTS = ("decide", "call")
_ENDS = ("answer", "end")
_TOLD_BY_ALL: set[StepKind] = {"decide", "answer", "approval", "call", "reply", "fault", "effect", "end"}
_PLANNED: set[StepKind] = {"decide", "answer", "role"}


class Divergence(msgspec.Struct, frozen=True):
    """The fork of two trials.

    ``step`` is the planner's turn, or the number of the call where no turns are counted; ``seq`` the candidate's event,
    None where it ends before. ``inputs_equal`` says whether whoever made the step had seen the same on both sides, and
    ``because`` what was not the same. ``row`` is the place of the fork in the alignment.
    """

    kind: DivergenceClass
    author: Author
    run_id: str
    step: int
    seq: int | None
    tool: str | None
    baseline: str
    candidate: str
    inputs_equal: bool
    because: str
    row: int

    @property
    def words(self) -> str:
        """Say it in one sentence."""
        return f"step {self.step}: baseline {self.baseline}, candidate {self.candidate}"


class Parted(NamedTuple):
    """Two trials side by side, with their fork; None where they take the same path."""

    rows: tuple[Row, ...]
    fork: Divergence | None


def part(
    baseline: Sequence[Event],
    candidate: Sequence[Event],
    *,
    changed_inputs: Iterable[str] = (),
    orchestrated: bool = True,
) -> Parted:
    """Lay two histories side by side and find their fork.

    ``changed_inputs`` names inputs of the trial that are not the same (task, tools); ``orchestrated`` says whether the
    agent is the reference orchestrator, whose own steps can be told from its planner's.
    """
    rows = align(*_comparable(steps_of(baseline), steps_of(candidate)))
    at = _fork(rows)
    if at is None:
        return Parted(rows, None)
    one, other = _sides(rows, at)
    author = _author(rows, at, orchestrated=orchestrated)
    because = _unequal(_until(baseline, one), _until(candidate, other), [*changed_inputs])
    shown = other or one
    assert shown is not None
    fork = Divergence(
        kind=_class(rows, at),
        author="upstream" if because and author in ("planner", "agent") else author,
        run_id=shown.run_id,
        step=shown.number,
        seq=other.seq if other else None,
        tool=(shown.name if shown.kind not in _ENDS else one.name if one else None) or None,
        baseline=told(one, other),
        candidate=told(other, one),
        inputs_equal=not because,
        because=because,
        row=at,
    )
    return Parted(rows, fork)


def _comparable(baseline: Sequence[Step], candidate: Sequence[Step]) -> tuple[Sequence[Step], Sequence[Step]]:
    """Leave out what only an orchestrator tells of itself, where just one of the two is one."""
    kinds = [{step.kind for step in steps} for steps in (baseline, candidate)]
    if ("start" in kinds[0]) == ("start" in kinds[1]):
        return baseline, candidate
    return [step for step in baseline if _is_told_by_all(step)], [step for step in candidate if _is_told_by_all(step)]


def _is_told_by_all(step: Step) -> bool:
    return step.kind in _TOLD_BY_ALL or step.again


def _sides(rows: Sequence[Row], at: int) -> tuple[Step | None, Step | None]:
    """Return the steps of both sides at a row; where one side has none there, the next that it has."""
    one = next((row.baseline for row in rows[at:] if row.baseline), None)
    other = next((row.candidate for row in rows[at:] if row.candidate), None)
    return one, other


def _fork(rows: Sequence[Row]) -> int | None:
    """Return the first row that is not the same; where people were asked instead, what the planner was less sure of."""
    at = next((at for at, row in enumerate(rows) if not row.same), None)
    if at is None or "ruling" not in {step.kind for step in _sides(rows, at) if step}:
        return at
    doubted = [here for here in range(at) if _is_doubted(rows[here])]
    ruled = next(step for step in _sides(rows, at) if step)
    return next((here for here in reversed(doubted) if _is_of(rows[here], ruled)), at)


def _is_doubted(row: Row) -> bool:
    one, other = row.baseline, row.candidate
    return one is not None and other is not None and one.kind == "decide" and one.confidence != other.confidence


def _is_of(row: Row, ruled: Step) -> bool:
    step = row.candidate
    return step is not None and (step.run_id, step.number, step.name) == (ruled.run_id, ruled.number, ruled.name)


def _class(rows: Sequence[Row], at: int) -> DivergenceClass:
    one, other = _sides(rows, at)
    steps = [step for step in (one, other) if step]
    kinds = [step.kind for step in steps]
    if _goes_on(rows, at):
        return "plan"
    for kind in ("breaker", "budget", "start", "fault"):
        if kind in kinds:
            return _CONTROL[kind]
    if any(step.again or step.kind == "retry" for step in steps):
        return "retry"
    for control in ("ruling", "approval", "reply", "effect", "loop", "fallback"):
        if control in kinds:
            return _CONTROL[control]
    return _class_of_choice(rows, at, one, other)


def _goes_on(rows: Sequence[Row], at: int) -> bool:
    """Whether one side's planner wants one thing more in the decision that both have begun to carry out."""
    one, other = _sides(rows, at)
    if not at or one is None or other is None or (one.kind == "decide") == (other.kind == "decide"):
        return False
    former = rows[at - 1]
    pairs = ((one, former.baseline), (other, former.candidate))
    return any(step.kind == "decide" and before is not None and before.seq == step.seq for step, before in pairs)


def _class_of_choice(rows: Sequence[Row], at: int, one: Step | None, other: Step | None) -> DivergenceClass:
    if one is None or other is None or (one.kind in _ENDS) != (other.kind in _ENDS):
        return "termination"
    if one.kind in _ENDS:
        return "output" if _state(one) == _state(other) else "termination"
    if one.kind == "role":
        return "output"
    if one.key == other.key:
        return "plan"  # the same request, and another confidence in it
    if _swapped(rows, at, one, other):
        return "order"
    return "arguments" if one.name == other.name else "plan"


def _state(step: Step) -> str | None:
    return "answered" if step.kind == "answer" else step.said.get("result")


def _swapped(rows: Sequence[Row], at: int, one: Step, other: Step) -> bool:
    """Whether each side does later what the other one does now."""
    later_here = {_request(row.baseline) for row in rows[at:] if row.baseline and row.baseline is not one}
    later_there = {_request(row.candidate) for row in rows[at:] if row.candidate and row.candidate is not other}
    return _request(one) != _request(other) and _request(other) in later_here and _request(one) in later_there


def _request(step: Step) -> tuple[str, bytes] | None:
    return (step.name, step.key.said) if step.kind in _REQUESTS else None


def _author(rows: Sequence[Row], at: int, *, orchestrated: bool) -> Author:
    steps = [step for step in _sides(rows, at) if step]
    kinds = {step.kind for step in steps}
    if _goes_on(rows, at):
        return "planner"
    if "fault" in kinds:
        return "faults"
    for kind, author in _AUTHORS.items():
        if kind in kinds:
            return author
    if kinds & {"reply", "effect"}:
        return "faults" if any(row.candidate and row.candidate.kind == "fault" for row in rows[:at][-1:]) else "tools"
    if kinds & {"approval"}:
        return "approver" if all(is_decided(step) for step in steps) else "policy"
    if kinds <= _PLANNED:
        return "planner"
    return "orchestrator" if orchestrated else "agent"


_AUTHORS: dict[str, Author] = {
    "breaker": "orchestrator",
    "budget": "orchestrator",
    "start": "orchestrator",
    "ruling": "policy",
}


def _until(events: Sequence[Event], step: Step | None) -> list[Event]:
    return [event for event in events if step is None or event.seq <= step.seq]


def _unequal(baseline: Sequence[Event], candidate: Sequence[Event], changed_inputs: Sequence[str]) -> str:
    """Say what the two sides had been given that was not the same; the empty text where there is nothing."""
    if changed_inputs:
        return f"another {' and another '.join(changed_inputs)}"
    here, there = _heard(baseline[:-1]), _heard(candidate[:-1])
    for one, other in zip(here, there, strict=False):
        if one != other:
            return f"{other[0]} had answered something else"
    if _differ(_asked(baseline), _asked(candidate)):
        return "the model was asked something else"
    if _differ(_lengths(baseline), _lengths(candidate)):
        return "the prompt has another length"
    return ""


def _differ(some: Iterable[object], others: Iterable[object]) -> bool:
    return any(one != other for one, other in zip(some, others, strict=False))


def _heard(events: Iterable[Event]) -> list[tuple[str, bytes]]:
    """Return what tools and people have answered, to the letter."""
    return [
        (str(event.name), canonical_json([event.result, event.error_type, event.payload.get("value")]))
        for event in events
        if event.kind in ("tool_call_completed", "tool_call_failed", "approval_decided")
    ]


def _asked(events: Iterable[Event]) -> list[bytes]:
    calls = (event for event in events if event.kind == "model_call_started")
    return [canonical_json([event.name, event.payload.get("arguments")]) for event in calls]


def _lengths(events: Iterable[Event]) -> list[int | None]:
    return [event.tokens_in for event in events if event.kind == "model_call_completed"]
