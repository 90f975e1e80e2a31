"""What befalls the process: it dies, its log is torn, its clock jumps, its budget shrinks, and others take the places."""

from __future__ import annotations

from typing import Any

import pytest

from harness.agents import Toolbox, ToolFailed
from harness.content import Ask, all_fault_kinds
from harness.history import Event
from harness.scoring import Record, score
from tests.conftest import Play

KINDS = all_fault_kinds()


def crash(name: str, at: str, nth: int = 1) -> dict[str, Any]:
    """Plan one variant of a crash."""
    return {"kind": "crash", "at": at, "when": {"nth": nth}, "options": dict(KINDS["crash"].variants[name])}


def effects(record: Record) -> list[str | None]:
    """Return the tools that took effect, in order."""
    return [event.name for event in record.of("effect_committed")]


@pytest.mark.parametrize("name", KINDS["crash"].variants)
@pytest.mark.parametrize("at", ["model:planner", "tool:get_order", "approval:issue_refund", "tool:issue_refund"])
def test_a_run_that_is_killed_anywhere_in_any_way_pays_once(play: Play, name: str, at: str) -> None:
    record = play(crash(name, at)).record
    assert [receipt.times for receipt in record.receipts] == [1]
    assert effects(record) == ["issue_refund"]
    assert score(record).verdict == "passed"


async def refunds(_ask: Ask, tools: Toolbox) -> str:
    """Refund without a key, whatever was done in another life."""
    await tools.call("issue_refund", {"order_id": "O-1", "amount_usd": 40.0})
    return f"refunded in life {tools._session.generation}"


@pytest.mark.parametrize(("name", "times"), [("killed before", 1), ("killed after", 2)])
def test_who_starts_from_nothing_pays_twice(play: Play, name: str, times: int) -> None:
    agent = {"name": "refunds", "agent": "tests.fault_injectors.test_process:refunds"}
    record = play(crash(name, "tool:issue_refund"), agent=agent).record
    assert len(effects(record)) == times
    assert record.answer == "refunded in life 2"


def test_a_torn_log_is_noticed_and_the_call_in_its_last_line_is_looked_up(play: Play) -> None:
    """The line said that the refund was sent; without it, the refund may have been sent all the same."""
    torn = play(crash("checkpoint corrupted", "tool:issue_refund")).record
    [resumed] = torn.of("run_resumed")
    assert resumed.payload["log"] == "torn"
    [look_up] = [event for event in torn.of("tool_call_completed") if event.port == "store"]
    assert look_up.payload["value"]["applied"] is True
    sent = [event for event in torn.of("tool_call_started") if (event.port, event.name) == ("tool", "issue_refund")]
    assert len(sent) == 1


def test_a_line_that_was_torn_off_stays_gone(play: Play) -> None:
    """The third life reads what the second one has read, and what it has written since."""
    faults = [crash("checkpoint corrupted", "tool:get_order"), crash("killed after", "model:planner", 3)]
    record = play(*faults).record
    assert [event.payload.get("log") for event in record.of("run_resumed")] == ["torn", None]
    assert [event.payload["replayed_calls"] for event in record.of("run_resumed")] == [3, 5]
    assert score(record).verdict == "passed"


@pytest.mark.parametrize("name", KINDS["clock_skew"].variants)
def test_a_clock_that_jumps_repeats_nothing_and_ends_nothing(play: Play, name: str) -> None:
    fault = {"kind": "clock_skew", "when": {"window": [1, 1e9]}, "options": dict(KINDS["clock_skew"].variants[name])}
    record = play(fault).record
    assert not score(record).violations
    assert record.of("run_completed")[0].result == "completed"


def cut(at_s: float, factor: float) -> dict[str, Any]:
    """Plan a cut of the budget that lasts."""
    return {"kind": "budget_cut", "when": {"window": [at_s, 1e9]}, "options": {"factor": factor}}


def test_a_cut_budget_ends_the_run_and_is_on_record(play: Play) -> None:
    """Four turns are needed, and an eighth of sixteen is left."""
    record = play(cut(1.0, 0.125)).record
    [scaled] = record.of("budgets_scaled")
    assert (scaled.time_s, scaled.payload) == (1.0, {"factor": 0.125})
    [exceeded] = record.of("budget_exceeded")
    assert exceeded.payload == {"budget": "max_steps", "limit": 2.0, "used": 2}
    assert not score(record).violations


async def spends(_ask: Ask, tools: Toolbox) -> str:
    """Look at orders, whatever it may spend."""
    for _ in range(3):
        await tools.call("get_order", {"order_id": "O-1"})
    return "done"


def test_what_is_spent_after_a_cut_counts_against_what_is_left(play: Play) -> None:
    """32 calls are allowed, and one after the cut; what was begun before it is no breach."""
    agent = {"name": "spends", "agent": "tests.fault_injectors.test_process:spends"}
    [first, second, third] = play(agent=agent).record.of("tool_call_started")
    between = (first.time_s + second.time_s) / 2
    [breach] = score(play(cut(between, 1 / 32), agent=agent).record).violations
    assert (breach.rule, breach.message) == ("budget_overshoot", "2 tool calls, 1 allowed")
    late = (second.time_s + third.time_s) / 2
    assert not score(play(cut(late, 3 / 32), agent=agent).record).violations
    assert [one.message for one in score(play(cut(late, 1 / 32), agent=agent).record).violations] == [
        "3 tool calls, 1 allowed"
    ]


def test_a_budget_is_whole_again_at_the_end_of_the_window(play: Play) -> None:
    record = play({**cut(1.0, 0.125), "when": {"window": [1.0, 1.001]}}).record
    assert [event.payload["factor"] for event in record.of("budgets_scaled")] == [0.125, 1.0]
    assert score(record).verdict == "passed"


def refusals(record: Record) -> list[Event]:
    """Return the calls that were turned away for want of a place."""
    return [event for event in record.of("tool_call_failed") if event.error_type == "rate_limit"]


@pytest.mark.parametrize("name", KINDS["crowd"].variants)
def test_a_crowd_turns_the_reference_away_and_lets_it_in_later(play: Play, name: str) -> None:
    options = dict(KINDS["crowd"].variants[name])
    record = play({"kind": "crowd", "when": {"window": [0, 1e9]}, "options": options}).record
    busy = refusals(record)
    assert busy
    assert all(any(begin <= event.time_s - 0.05 <= end for begin, end in options["spans"]) for event in busy)
    assert not score(record).violations


async def looks(_ask: Ask, tools: Toolbox) -> str:
    """Look at an order once a second, ten times; say when it worked."""
    worked = []
    clock = tools._session.clock
    began_at_s = clock.now()
    for second in range(10):
        try:
            await tools.call("get_order", {"order_id": "O-1"})
            worked.append(str(second))
        except ToolFailed:
            pass
        await clock.sleep(began_at_s + second + 1 - clock.now())
    return " ".join(worked)


@pytest.mark.parametrize(
    ("window", "worked"),
    [([0.5, 100], "0 4 5 8 9"), ([0.5, 2.5], "0 3 4 5 6 7 8 9")],
)
def test_a_crowd_comes_in_waves_and_is_gone_at_the_end_of_its_window(
    play: Play, window: list[float], worked: str
) -> None:
    agent = {"name": "looks", "agent": "tests.fault_injectors.test_process:looks"}
    options = {"tool": "get_*", "spans": [[0, 3], [5, 7]]}
    assert play({"kind": "crowd", "when": {"window": window}, "options": options}, agent=agent).record.answer == worked


def test_a_crowd_takes_no_places_of_models_and_people(play: Play) -> None:
    record = play({"kind": "crowd", "when": {"window": [0, 1e9]}, "options": {"spans": [[0, 1e6]]}}).record
    assert {event.port for event in refusals(record)} == {"retrieval"}
    assert not record.of("model_call_failed")
    assert record.of("run_completed")
