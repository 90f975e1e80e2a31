"""What the control round a planner did: fallbacks, breakers, people, concurrency, and deadlines over restarts."""

from __future__ import annotations

import asyncio
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.agents import Toolbox
from harness.boundary import Call, FaultPlan
from harness.content import Ask, Budget, Task
from harness.history import Event
from harness.scoring import Record, score
from tests.conftest import Play
from tests.scoring.test_calls import history as overlapping_calls
from tests.scoring.test_calls import steps


def record_of(events: list[Event], **budget: Any) -> Record:
    """Return the record of some events under a budget."""
    return Record(Task(id="t", ask="?", budget=Budget(**budget)), {}, FaultPlan(), [], events)


def overshoots(events: list[Event], **budget: Any) -> list[str]:
    """Return what was used up beyond a budget."""
    card = score(record_of(events, **budget))
    return [one.message for one in card.violations if one.rule == "budget_overshoot"]


async def reports_what_it_did(_ask: Ask, tools: Toolbox) -> str:
    tools._session.emit("fallback_activated")
    for _ in range(2):
        tools._session.emit("breaker_opened", name="get_order")
    for _ in range(3):
        tools._session.emit("handoff", name="worker")
    for _ in range(4):
        tools._session.emit("approval_queued", name="issue_refund")
    return "delivered"


@pytest.mark.parametrize("runs", [1, 2])
def test_what_an_agent_reports_is_counted_over_its_runs(play: Play, runs: int) -> None:
    agent = {"name": "a", "agent": f"{__name__}:reports_what_it_did"}
    card = score(play(agent=agent, starts_s=(0.0,) * runs).record)
    names = ("fallbacks", "breaker_openings", "handoffs", "queued_for_people")
    assert [card.value(name) for name in names] == [runs, 2 * runs, 3 * runs, 4 * runs]


async def hands_over(_ask: Ask, tools: Toolbox) -> str:
    item = {"summary": "I do not know", "recommended": [{"tool": "get_order", "arguments": {"order_id": "O-1"}}]}
    for name in ("human_queue", "nobody"):
        await tools._session.send(Call("user", name, item, tools._session.run_id))
    return "delivered"


def test_what_was_handed_over_to_people_is_counted(play: Play) -> None:
    agent = {"name": "a", "agent": f"{__name__}:hands_over"}
    assert score(play(agent=agent, starts_s=(0.0, 1.0)).record).value("queued_for_people") == 2.0


def test_only_what_the_human_queue_acknowledged_was_left_to_people() -> None:
    """A queue that did not answer has nothing; neither another person nor a tool of that name is the queue."""
    ends: list[tuple[Any, str, str]] = [
        ("tool_call_completed", "user", "human_queue"),
        ("tool_call_failed", "user", "human_queue"),
        ("tool_call_completed", "user", "boss"),
        ("tool_call_completed", "tool", "human_queue"),
    ]
    events = [
        Event(seq, 0.0, kind, port=port, name=name, payload={"call": -1}) for seq, (kind, port, name) in enumerate(ends)
    ]
    assert score(record_of(events)).value("queued_for_people") == 1.0


@given(program=st.lists(steps, max_size=12))
def test_the_peak_is_the_largest_number_of_attempts_under_way(program: list[Any]) -> None:
    events = overlapping_calls(program)
    under_way = list(accumulate(1 if event.kind == "tool_call_started" else -1 for event in events))
    assert score(record_of(events)).value("peak_concurrency") == max(under_way, default=0)


async def reads_three_orders(_ask: Ask, tools: Toolbox) -> str:
    await asyncio.gather(*(tools.call("get_order", {"order_id": f"O-{number}"}) for number in (1, 2)))
    await tools.call("get_order", {"order_id": "O-1"})
    return "delivered"


def test_calls_that_follow_one_another_are_not_concurrent(play: Play) -> None:
    """Two at once, then a third: two."""
    agent = {"name": "a", "agent": f"{__name__}:reads_three_orders"}
    assert score(play(agent=agent).record).value("peak_concurrency") == 2.0


def test_an_attempt_without_an_end_stays_under_way() -> None:
    common: dict[str, Any] = {"run_id": "run-1", "port": "tool", "name": "get_order"}
    events = [Event(seq, float(seq), "tool_call_started", **common) for seq in range(3)]
    assert score(record_of(events)).value("peak_concurrency") == 3.0


def run_events(*what: tuple[float, Any, dict[str, Any]]) -> list[Event]:
    """Write events of one run: time, kind and payload."""
    return [
        Event(seq, time_s, kind, run_id="run-1", payload=payload) for seq, (time_s, kind, payload) in enumerate(what)
    ]


@given(starts=st.lists(st.integers(0, 100), min_size=1, max_size=4), work_s=st.integers(1, 100))
def test_a_run_that_was_started_again_counts_from_its_first_start(starts: list[int], work_s: int) -> None:
    starts = sorted(starts)
    used_s = starts[-1] + work_s - starts[0]
    events = run_events(*((float(at_s), "run_started", {}) for at_s in starts))
    events.append(Event(len(events), float(starts[-1] + work_s), "run_completed", run_id="run-1"))
    assert overshoots(events, deadline_s=used_s) == []
    assert overshoots(events, deadline_s=used_s / 2) == [f"{used_s} s, {used_s / 2:g} allowed"]


@given(parked=st.lists(st.integers(1, 50), max_size=3), work_s=st.integers(1, 100))
def test_parked_seconds_do_not_count_against_the_deadline(parked: list[int], work_s: int) -> None:
    """However often the run was parked."""
    stops = [(float(sum(parked[: number + 1])), "run_parked", {"parked_s": one}) for number, one in enumerate(parked)]
    events = run_events((0.0, "run_started", {}), *stops, (float(sum(parked) + work_s), "run_completed", {}))
    assert overshoots(events, deadline_s=work_s) == []
    assert overshoots(events, deadline_s=work_s / 2)


def test_a_run_is_not_excused_by_the_parking_of_another() -> None:
    events = run_events((0.0, "run_started", {}), (5.0, "run_completed", {}))
    other = Event(1, 4.0, "run_parked", run_id="run-2", payload={"parked_s": 4.0})
    events = [events[0], other, Event(2, 5.0, "run_completed", run_id="run-1")]
    assert overshoots(events, deadline_s=2) == ["5 s, 2 allowed"]


def test_a_run_that_goes_on_after_its_crash_is_cut_off_by_an_abort() -> None:
    """The crash at 5 s was within the deadline, the abort at 20 s is not."""
    events = run_events(
        (0.0, "run_started", {}),
        (5.0, "run_completed", {}),
        (6.0, "run_started", {}),
        (20.0, "trial_aborted", {"error": "Deadlock"}),
    )
    assert overshoots(events, deadline_s=10) == ["20 s, 10 allowed"]
    assert overshoots(events[:2], deadline_s=10) == []


def test_what_a_run_used_before_it_was_parked_is_not_excused() -> None:
    """It crashed after 20 s, and was parked only when it had been started again."""
    events = run_events(
        (0.0, "run_started", {}),
        (20.0, "run_completed", {}),
        (20.0, "run_started", {}),
        (40.0, "run_parked", {"parked_s": 20.0}),
        (41.0, "run_completed", {}),
    )
    assert overshoots(events, deadline_s=10) == ["20 s, 10 allowed"]


def test_a_run_that_had_ended_uses_nothing_until_an_abort() -> None:
    events = run_events((0.0, "run_started", {}), (5.0, "run_completed", {}), (20.0, "trial_aborted", {}))
    assert overshoots(events, deadline_s=10) == []


def test_a_run_whose_beginning_was_not_recorded_has_no_length() -> None:
    assert overshoots(run_events((20.0, "run_completed", {})), deadline_s=10) == []


@pytest.mark.parametrize(
    ("port", "counts"),
    [("tool", True), ("retrieval", True), ("memory", True), ("agent", True), ("user", False), ("store", False)],
)
def test_the_budget_of_tool_calls_is_for_what_a_planner_can_call(port: str, *, counts: bool) -> None:
    """Handing over to people, or looking a key up, uses nothing of it."""
    events = [Event(seq, 0.0, "tool_call_started", run_id="run-1", port=port, name="x") for seq in range(2)]
    assert bool(overshoots(events, max_tool_calls=1)) == counts
