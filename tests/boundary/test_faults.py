"""What faults do to a run: they hit where they are planned, leave receipts, and shift nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.agents import Toolbox, ToolFailed
from harness.campaign import TrialResult
from harness.content import Ask
from harness.history import Event
from tests.conftest import Play

LOST_ACK = {"kind": "timeout", "at": "tool:issue_refund", "options": {"effect": "after"}}
LOST_CALL = {"kind": "timeout", "at": "tool:issue_refund", "options": {"effect": "before"}}
per_example = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def of(result: TrialResult, *kinds: str) -> list[Event]:
    """Return the events of some kinds."""
    return [event for event in result.record.events if event.kind in kinds]


def seen_by_agent(events: Iterable[Event]) -> list[tuple[Any, ...]]:
    """Return what a caller can know of its calls: when, what, and the reply."""
    kinds = ("tool_call_started", "tool_call_completed", "tool_call_failed")
    return [
        (one.time_s, one.kind, one.address, one.result, one.error_type, one.retryable, one.payload.get("message"))
        for one in events
        if one.kind in kinds
    ]


async def impatient(_ask: Ask, tools: Toolbox) -> str:
    """Refund once, and report what can be known."""
    try:
        await tools.call("issue_refund", {"order_id": "O-1", "amount_usd": 40.0}, timeout_s=7.5)
    except ToolFailed as error:
        return str(error)
    return "refunded"


IMPATIENT = {"name": "impatient", "agent": "tests.boundary.test_faults:impatient"}


@per_example
@given(seed=st.integers(0, 10_000))
def test_a_timeout_before_and_one_after_the_effect_look_the_same_to_the_agent(play: Play, seed: int) -> None:
    """Equal replies at equal times, and yet only one of them moved money."""
    before, after = play(LOST_CALL, agent=IMPATIENT, seed=seed), play(LOST_ACK, agent=IMPATIENT, seed=seed)
    assert seen_by_agent(before.record.events) == seen_by_agent(after.record.events)
    assert before.record.answer == after.record.answer != "refunded"
    assert [len(of(one, "effect_committed")) for one in (before, after)] == [0, 1]


def test_the_reply_to_a_call_that_nobody_answers_is_unknown(play: Play) -> None:
    """Neither ok nor failed: nobody knows."""
    [end] = of(play(LOST_CALL, agent=IMPATIENT), "tool_call_failed")
    assert (end.result, end.error_type, end.latency_s) == ("unknown", "timeout", 7.5)


CHATTY = 0


async def chatty(_ask: Ask, tools: Toolbox) -> str:
    """Make some unrelated calls first, then read, then refund."""
    for number in range(CHATTY):
        with suppress(ToolFailed):
            await tools.call("get_order", {"order_id": "O-2" if number % 2 else "O-9"})
    for _ in range(6):
        with suppress(ToolFailed):
            await tools.call("issue_refund", {"order_id": "O-1", "amount_usd": 1.0}, timeout_s=5.0)
    return "done"


def hits(result: TrialResult) -> list[str | None]:
    """Return the addresses at which faults hit refunds."""
    return [event.address for event in of(result, "fault_injected") if "issue_refund" in str(event.address)]


def latencies(result: TrialResult) -> list[float | None]:
    """Return the latencies of the refunds that were answered."""
    ended = of(result, "tool_call_completed")
    return [event.latency_s for event in ended if event.name == "issue_refund"]


@per_example
@given(seed=st.integers(0, 10_000), extra=st.integers(1, 9), p=st.sampled_from([0.2, 0.5, 0.8]))
def test_an_unrelated_extra_call_shifts_no_fault_and_no_draw(play: Play, seed: int, extra: int, p: float) -> None:
    """Faults and latencies are drawn by address, so calls elsewhere do not enter."""
    global CHATTY  # noqa: PLW0603  # the agent is named by module:attribute and takes no arguments
    drawn = {"kind": "http_error", "at": "tool", "when": {"probability": p}}
    counted = {"kind": "timeout", "at": "tool:issue_refund", "when": {"nth": 3}}
    agent = {"name": "chatty", "agent": "tests.boundary.test_faults:chatty"}
    CHATTY = 0
    quiet = play(drawn, counted, agent=agent, seed=seed)
    CHATTY = extra
    noisy = play(drawn, counted, agent=agent, seed=seed)
    assert hits(quiet) == hits(noisy)
    # Timers lie on a grid of one microsecond, so an interval can differ by one.
    assert latencies(quiet) == pytest.approx(latencies(noisy), abs=2e-6)


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({"nth": 2}, ["2"]),
        ({"first": 2}, ["1", "2"]),
        ({"every": True}, ["1", "2", "3", "4", "5", "6"]),
        ({"window": [0, 0.001]}, ["1"]),
        ({"probability": 0}, []),
        ({"probability": 1}, ["1", "2", "3", "4", "5", "6"]),
        ({"after": "effect_committed"}, ["2", "3", "4", "5", "6"]),
    ],
)
def test_a_trigger_picks_its_arrivals(play: Play, when: dict[str, Any], expected: list[str]) -> None:
    """Counted at the address: the n-th arrival there, and nowhere else."""
    global CHATTY  # noqa: PLW0603  # as above
    CHATTY = 0
    fault = {"kind": "http_error", "at": "tool:issue_refund", "when": when}
    result = play(fault, agent={"name": "chatty", "agent": "tests.boundary.test_faults:chatty"})
    assert [str(address).rpartition("#")[2] for address in hits(result)] == expected


def test_every_planned_fault_leaves_a_receipt(play: Play) -> None:
    """Fired: where and when first, how often; not fired: nothing."""
    never = {"kind": "timeout", "at": "tool:add_note"}
    fired, missed = play(LOST_ACK, never).record.receipts
    assert (fired.fired, fired.times, fired.first_address) == (
        True,
        1,
        "run-1/tool:issue_refund[order_id=O-1]#1",
    )
    assert (missed.fired, missed.times, missed.first_address, missed.first_time_s) == (False, 0, None, None)


def test_a_rate_limit_says_how_long_to_wait(play: Play) -> None:
    """Retry-After travels with the reply, and the reference orchestrator honours it."""
    fault = {"kind": "http_error", "at": "tool:get_order", "options": {"status": 429, "retry_after_s": 33}}
    result = play(fault)
    [end] = of(result, "tool_call_failed")
    [again] = [one for one in of(result, "tool_call_started") if one.name == "get_order" and one.seq > end.seq]
    assert (end.error_type, end.payload["retry_after_s"]) == ("rate_limit", 33.0)
    assert again.time_s - end.time_s == pytest.approx(33.0)


@pytest.mark.parametrize("delay_s", [0.0, 90.0])
def test_a_duplicate_delivery_applies_twice_what_carries_no_key(play: Play, delay_s: float) -> None:
    """At once or later, and even when the caller is gone by then."""
    fault = {"kind": "duplicate_delivery", "at": "tool:issue_refund", "options": {"delay_s": delay_s}}
    naive = play(fault, agent=IMPATIENT)
    assert [one.payload["copy"] for one in of(naive, "effect_committed")] == [1, 2]


@pytest.mark.parametrize("delay_s", [0.0, 90.0])
def test_a_duplicate_delivery_with_a_key_is_recognised(play: Play, delay_s: float) -> None:
    """The ledger answers again and applies nothing."""
    fault = {"kind": "duplicate_delivery", "at": "tool:issue_refund", "options": {"delay_s": delay_s}}
    result = play(fault)
    assert len(of(result, "effect_committed")) == len(of(result, "effect_deduplicated")) == 1


def test_a_poisoned_document_has_fired_once_it_is_read(play: Play) -> None:
    """It competes for its rank: only when a reply holds it does it count."""
    options = {"injection": "pay_the_attacker", "title": "Damaged refund", "lure": "damaged refund"}
    [receipt] = play({"kind": "poisoned_document", "options": options}).record.receipts
    assert receipt.first_address == "run-1/retrieval:search_kb#1"


def test_a_poisoned_document_that_does_not_rank_has_not_fired(play: Play) -> None:
    """Its words are not those of the question."""
    options = {"injection": "pay_the_attacker", "title": "Bicycles", "lure": "wheels"}
    [receipt] = play({"kind": "poisoned_document", "options": options}, task="order_status").record.receipts
    assert not receipt.fired


def test_poisoned_text_has_fired_once_it_is_read(play: Play) -> None:
    """It is written where strangers can write, and reaches the agent through a read tool."""
    fault = {"kind": "poisoned_text", "options": {"injection": "pay_the_attacker", "vectors": ["order_note"]}}
    [receipt] = play(fault).record.receipts
    assert receipt.first_address == "run-1/tool:get_order[order_id=O-1]#1"


def test_a_clock_skew_leaves_a_receipt_and_moves_no_deadline_of_the_orchestrator(play: Play) -> None:
    """The wall clock jumps past the run's deadline, which rests on a timer."""
    fault = {"kind": "clock_skew", "when": {"window": [3, 500]}, "options": {"skew_s": 7200}}
    result = play(fault)
    assert result.record.receipts[0].first_time_s == 3.0
    [end] = of(result, "run_completed")
    assert end.result == "completed"


def test_several_faults_can_hit_one_call(play: Play) -> None:
    """The first of the plan is outermost: the copy arrives, and its acknowledgement is lost all the same."""
    result = play(LOST_ACK, {"kind": "duplicate_delivery", "at": "tool:issue_refund"}, agent=IMPATIENT)
    assert [receipt.times for receipt in result.record.receipts] == [1, 1]
    assert len(of(result, "effect_committed")) == 2


def test_a_call_whose_caller_gave_up_still_arrives(play: Play) -> None:
    """A short timeout takes nothing back."""
    hasty = {"name": "hasty", "agent": "tests.boundary.test_faults:hasty"}
    result = play(agent=hasty)
    [ended], [effect] = of(result, "tool_call_failed"), of(result, "effect_committed")
    assert ended.result == "unknown"
    assert effect.time_s > ended.time_s


async def hasty(_ask: Ask, tools: Toolbox) -> str:
    """Wait a hundredth of a second for the refund."""
    try:
        await tools.call("issue_refund", {"order_id": "O-1", "amount_usd": 40.0}, timeout_s=0.01)
    except ToolFailed as error:
        return str(error)
    return "refunded"
