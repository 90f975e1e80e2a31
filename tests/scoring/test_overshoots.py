"""Budgets that are cut while runs are under way: what is begun from then on has to fit into what is left."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.boundary import FaultPlan
from harness.content import Budget, Task
from harness.history import Event
from harness.scoring import Record
from harness.scoring.overshoots import overshoots

ALLOWED = 4


def history(*what: str | float) -> list[Event]:
    """Write a history: a call by a word, a cut by its factor."""
    kinds = {"call": "tool_call_started", "ask": "model_call_started", "told": "model_call_completed"}
    events: list[Event] = []
    for one in what:
        seq = len(events)
        if isinstance(one, str):
            payload = {"call": max(e.seq for e in events if e.kind == kinds["ask"])} if one == "told" else {}
            tokens = 1 if one == "told" else None
            events.append(
                Event(seq, 0.0, kinds[one], run_id="run-1", port="tool", tokens_in=tokens, payload=payload)  # type: ignore[arg-type]  # kinds of events
            )
        else:
            events.append(Event(seq, 0.0, "budgets_scaled", payload={"factor": one}))
    return events


def first_beyond(events: list[Event]) -> list[tuple[int, float, float]]:
    """Return event, use and limit of each overshoot, with four calls and four tokens allowed."""
    task = Task(id="t", ask="?", budget=Budget(max_tool_calls=ALLOWED, max_tokens_in=ALLOWED))
    return [(one.event.seq, one.used, one.limit) for one in overshoots(Record(task, {}, FaultPlan(), [], events))]


steps = st.lists(st.sampled_from(["call", 0.25, 0.5, 1.0]), max_size=12)


@given(program=steps)
def test_a_call_has_to_fit_into_the_budget_of_its_moment(program: list[str | float]) -> None:
    factor, calls = 1.0, 0
    expected: list[tuple[int, float, float]] = []
    for seq, step in enumerate(program):
        if isinstance(step, float):
            factor = step
            continue
        calls += 1
        if calls > ALLOWED * factor and not expected:
            expected.append((seq, float(calls), ALLOWED * factor))
    assert first_beyond(history(*program)) == expected


def test_what_was_begun_before_a_cut_is_judged_by_the_budget_of_that_time() -> None:
    """The tokens of a question come with its answer, and were spent with the question."""
    assert first_beyond(history("ask", "told", "ask", 0.25, "told")) == []
    assert first_beyond(history("ask", "told", 0.25, "ask", "told")) == [(4, 2.0, 1.0)]


def test_what_costs_nothing_oversteps_nothing() -> None:
    assert first_beyond(history("call", "call", 0.25)) == []


def overshot_steps(*what: tuple[str, int | None] | float) -> list[float]:
    """Return what was used of four steps: an event by its kind and step, a cut by its factor."""
    task = Task(id="t", ask="?", budget=Budget(max_steps=ALLOWED))
    events = [
        Event(seq, 0.0, "budgets_scaled", payload={"factor": one})
        if isinstance(one, float)
        else Event(seq, 0.0, one[0], run_id="run-1", step=one[1])  # type: ignore[arg-type]  # kinds of events
        for seq, one in enumerate(what)
    ]
    return [one.used for one in overshoots(Record(task, {}, FaultPlan(), [], events))]


def test_the_last_step_counts_from_its_first_event() -> None:
    begins, ends = ("model_call_started", 3), ("run_completed", 3)
    assert overshot_steps(begins, 0.5, ends) == []
    assert overshot_steps(0.5, begins, ends) == [3.0]
    assert overshot_steps(0.5, ends) == [3.0]


def test_a_call_that_names_no_step_may_have_begun_the_last_one() -> None:
    before, begins, ends = ("policy_allowed", 2), ("model_call_started", None), ("run_completed", 3)
    assert overshot_steps(before, begins, 0.5, ends) == []
    assert overshot_steps(before, 0.5, begins, ends) == [3.0]
    assert overshot_steps(begins, before, 0.5, ends) == [3.0]
    assert overshot_steps(before, ("run_started", None), 0.5, ends) == [3.0]
