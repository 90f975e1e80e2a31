"""Which attempts are one logical call, and what rests on that."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.agents import Toolbox, ToolFailed
from harness.boundary import FaultPlan, ToolFacts
from harness.content import Ask, Task
from harness.history import Event
from harness.scoring import METRICS, LogicalCall, Record, Scorecard, logical_calls, score
from tests.conftest import Play

ORDER = {"order_id": "O-1"}
BUSY = {"kind": "http_error", "at": "tool:get_order", "when": {"first": 1}}
LOST_NOTE = {"kind": "timeout", "at": "tool:add_note", "options": {"effect": "after"}}


def agent(name: str) -> dict[str, Any]:
    """Name an agent of this module."""
    return {"name": name, "agent": f"{__name__}:{name}", "approver": "always"}


def judged(play: Play, *faults: dict[str, Any], name: str, **options: Any) -> tuple[list[LogicalCall], Scorecard]:
    """Play a trial; return its logical calls and its scores."""
    record = play(*faults, agent=agent(name), **options).record
    return logical_calls(record), score(record)


def sizes(calls: list[LogicalCall]) -> list[int]:
    """Return the number of attempts of each call."""
    return [len(call.attempts) for call in calls]


async def one_key_for_two_orders(_ask: Ask, tools: Toolbox) -> str:
    for order in ("O-1", "O-2"):
        await tools.call("get_order", {"order_id": order}, idempotency_key="k")
    return "delivered"


def test_one_key_on_two_things_is_two_calls(play: Play) -> None:
    assert sizes(judged(play, name="one_key_for_two_orders")[0]) == [1, 1]


async def one_key_in_a_circle(_ask: Ask, tools: Toolbox) -> str:
    for _ in range(6):
        await tools.call("get_order", ORDER, idempotency_key="k")
    return "delivered"


def test_a_constant_key_hides_no_loop(play: Play) -> None:
    calls, card = judged(play, name="one_key_in_a_circle")
    assert sizes(calls) == [1] * 6
    assert [card.value(name) for name in ("loops", "redundancy", "retries")] == [1.0, 5 / 6, 0.0]


async def three_at_once(_ask: Ask, tools: Toolbox) -> str:
    await asyncio.gather(*(tools.call("get_order", ORDER) for _ in range(3)), return_exceptions=True)
    return "delivered"


def test_parallel_calls_are_no_retries_of_each_other(play: Play) -> None:
    """Nor redundant: none of them began after another had succeeded."""
    calls, card = judged(play, BUSY, name="three_at_once")
    assert sizes(calls) == [1, 1, 1]
    assert [card.value(name) for name in ("retries", "redundancy", "amplification")] == [0.0, 0.0, 1.0]


async def three_at_once_twice(ask: Ask, tools: Toolbox) -> str:
    await three_at_once(ask, tools)
    return await three_at_once(ask, tools)


def test_each_parallel_call_has_its_own_retry(play: Play) -> None:
    fault = {**BUSY, "when": {"first": 3}}
    assert sizes(judged(play, fault, name="three_at_once_twice")[0]) == [2, 2, 2]


async def rewords_under_one_key(_ask: Ask, tools: Toolbox) -> str:
    for note in ("call back", "please call back"):
        with suppress(ToolFailed):
            await tools.call("add_note", {**ORDER, "note": note}, idempotency_key="k", timeout_s=5.0)
    return "noted"


def test_a_reworded_repeat_under_the_same_key_is_one_call_after_an_unknown_outcome_only(play: Play) -> None:
    refused = {"kind": "http_error", "at": "tool:add_note"}
    assert sizes(judged(play, LOST_NOTE, name="rewords_under_one_key")[0]) == [2]
    assert sizes(judged(play, refused, name="rewords_under_one_key")[0]) == [1, 1]


async def tries_twice(_ask: Ask, tools: Toolbox) -> str:
    for _ in range(2):
        with suppress(ToolFailed):
            await tools.call("get_order", ORDER)
    return "delivered"


RESTS_ON_CALLS = {metric.name for metric in METRICS if metric.grouped}


def test_every_number_that_rests_on_inferred_calls_says_so(play: Play) -> None:
    card = judged(play, BUSY, name="tries_twice")[1]
    said = {name for name, one in card.scores.items() if one.basis == "attempts inferred"}
    assert said == {name for name in RESTS_ON_CALLS if card.value(name) is not None}
    assert said >= {"loops", "redundancy", "blind_retries", "tool_recall", "tool_calls", "attempts", "retries"}


def test_declared_calls_are_measured(play: Play) -> None:
    card = score(play(BUSY).record)
    assert {card.scores[name].basis for name in RESTS_ON_CALLS if card.value(name) is not None} == {"measured"}


steps = st.tuples(
    st.sampled_from(["get_order", "add_note"]),
    st.sampled_from(["O-1", "O-2"]),
    st.sampled_from([None, "k1", "k2"]),
    st.sampled_from([None, 1, 2]),
    st.sampled_from(["ok", "failed", "unknown"]),
    st.integers(0, 3),
)


def history(program: list[tuple[str, str, str | None, int | None, str, int]]) -> list[Event]:
    """Write calls that overlap: each ends after as many starts as its last part says."""
    marks: list[tuple[int, int, int]] = []
    for number, step in enumerate(program):
        marks += [(number, 1, number), (number + step[5], 2, number)]
    events: list[Event] = []
    starts: dict[int, int] = {}
    for _, what, number in sorted(marks):
        tool, order, key, attempt, result, _ = program[number]
        payload: dict[str, Any] = {"arguments": {"order_id": order}}
        payload |= {} if key is None else {"idempotency_key": key}
        payload |= {} if attempt is None else {"attempt": attempt}
        common: dict[str, Any] = {"run_id": "run-1", "port": "tool", "name": tool}
        if what == 1:
            starts[number] = len(events)
            events.append(Event(len(events), 0.0, "tool_call_started", payload=payload, **common))
        else:
            end = {"call": starts[number]}
            events.append(Event(len(events), 0.0, "tool_call_failed", result=result, payload=end, **common))
    return events


@given(program=st.lists(steps, max_size=12))
def test_an_attempt_joins_only_what_had_ended_before_and_was_not_ok(
    program: list[tuple[str, str, str | None, int | None, str, int]],
) -> None:
    """Every attempt is in exactly one call, in the order of time, under one key and on one thing."""
    events = history(program)
    tools = {name: ToolFacts("write", ("order_id",)) for name in ("get_order", "add_note")}
    calls = logical_calls(Record(Task(id="t", ask="?"), tools, FaultPlan(), [], events))
    assert sum(sizes(calls)) == len(program)
    for call in calls:
        assert len({one.key for one in call.attempts}) == 1
        assert len({msgspec.json.encode(one.arguments) for one in call.attempts}) == 1
        for former, later in pairwise(call.attempts):
            assert former.status != "ok"
            assert former.end is not None
            assert former.end.seq < later.start.seq


async def reads_its_order(_ask: Ask, tools: Toolbox) -> str:
    order = await tools.call("get_order", {"order_id": "O-2"})
    return str(order["status"])


PATH = ("tool_precision", "tool_recall", "tool_f1", "argument_score", "step_efficiency", "redundancy", "loops")


@pytest.mark.parametrize("runs", [1, 2, 3, 5])
def test_runs_that_are_alike_score_as_one_run_does(play: Play, runs: int) -> None:
    """Ratios are means over runs, counts add up; no run is a loop of another."""
    card = judged(play, name="reads_its_order", task="order_status", starts_s=(0.0,) * runs)[1]
    assert [card.value(name) for name in PATH] == [1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0]
    assert (card.value("tool_calls"), card.value("steps")) == (runs, runs)


async def only_the_first_reads(ask: Ask, tools: Toolbox) -> str:
    if tools._session.run_id == "run-1":
        return await reads_its_order(ask, tools)
    return "nothing"


def test_a_run_that_does_nothing_lowers_the_mean(play: Play) -> None:
    """Its precision and recall are 0; it has no redundancy to speak of."""
    card = judged(play, name="only_the_first_reads", task="order_status", starts_s=(0.0, 1.0))[1]
    assert [card.value(name) for name in PATH] == [0.5, 0.5, 0.5, 1.0, 1.0, 0.0, 0.0]
