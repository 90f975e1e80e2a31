"""Tools that say the opposite of what they did, and what a sound agent makes of it."""

from __future__ import annotations

from typing import Any

import pytest

from harness.agents import Toolbox, ToolFailed
from harness.content import Ask
from harness.scoring import score
from tests.conftest import Play

REFUND = {"order_id": "O-1", "amount_usd": 40.0}
BELIEVES = {"name": "believes", "agent": "tests.fault_injectors.test_false_report:believes"}


def report(says: str, at: str = "tool:issue_refund", **when: Any) -> dict[str, Any]:
    """Plan a false report."""
    return {"kind": "false_report", "at": at, "when": when or {"nth": 1}, "options": {"says": says}}


async def believes(_ask: Ask, tools: Toolbox) -> str:
    """Refund once, and tell what was told."""
    try:
        await tools.call("issue_refund", REFUND, idempotency_key="k")
    except ToolFailed as error:
        return f"It {error.reply.status}: {error.reply.message}."
    return "Refunded 40 USD."


def test_behind_a_no_op_there_is_a_plausible_answer_and_nothing_else(play: Play) -> None:
    honest, hurt = play().record, play(report("done")).record
    [told] = [one.payload["value"] for one in hurt.of("tool_call_completed") if one.name == "issue_refund"]
    [true] = [one.payload["value"] for one in honest.of("tool_call_completed") if one.name == "issue_refund"]
    assert told == true
    assert not hurt.of("effect_committed")
    assert hurt.answer == honest.answer


def test_a_no_op_is_no_violation_and_no_success(play: Play) -> None:
    card = score(play(report("done")).record)
    assert (card.outcome, card.violations) == ("failed", ())


def test_a_replica_that_would_refuse_says_something_all_the_same(play: Play) -> None:
    [end] = play(report("done"), agent=REFUNDS_TOO_MUCH).record.of("tool_call_completed")
    assert end.payload["value"] == {"status": "accepted"}


REFUNDS_TOO_MUCH = {"name": "greedy", "agent": "tests.fault_injectors.test_false_report:greedy"}


async def greedy(_ask: Ask, tools: Toolbox) -> str:
    """Refund more than was paid."""
    await tools.call("issue_refund", {"order_id": "O-1", "amount_usd": 4_000.0})
    return "Refunded."


def test_who_believes_a_false_failure_has_an_effect_behind_it(play: Play) -> None:
    record = play(report("failed"), agent=BELIEVES).record
    assert record.answer == "It failed: 500: Internal Server Error."
    assert len(record.of("effect_committed")) == 1
    assert "effect_after_failure" in {one.rule for one in score(record).violations}


def test_what_is_said_to_have_failed_is_looked_up_before_it_is_asked_for_again(play: Play) -> None:
    """The tool may not know the key any more when the repeat arrives."""
    record = play(report("failed")).record
    assert [one.name for one in record.of("tool_call_completed") if one.port == "store"] == ["issue_refund"]
    assert (len(record.of("effect_committed")), len(record.of("effect_deduplicated"))) == (1, 0)
    assert score(record).outcome == "passed"
    assert not score(record).violations


@pytest.mark.parametrize("tool", ["issue_refund", "add_note"])
@pytest.mark.parametrize("status", [400, 503])
def test_before_a_write_is_given_up_for_good_its_key_is_looked_up(play: Play, tool: str, status: int) -> None:
    """Whatever the later attempts say, the first one may have taken effect."""
    refusal = {"kind": "http_error", "at": f"tool:{tool}", "options": {"status": status}}
    later = [{**refusal, "when": {"nth": nth}} for nth in (2, 3, 4)]
    record = play(report("failed", f"tool:{tool}"), *later, **TASKS[tool]).record
    assert [one.name for one in record.of("tool_call_completed") if one.port == "store"] == [tool]
    assert len([one for one in record.of("effect_committed") if one.name == tool]) == 1
    assert not score(record).violations
    assert score(record).outcome == "passed"


TASKS = {
    "issue_refund": {"task": "refund_damaged"},
    "add_note": {"task": "merge_two_tickets", "domain": "support_desk"},
}


def test_a_run_that_has_no_time_left_to_find_out_says_that_it_does_not_know(play: Play) -> None:
    record = play(report("failed", "tool:dose"), domain="limits", task="dose_in_two_calls").record
    assert record.answer is not None
    assert "dose (unknown)" in record.answer
    assert not score(record).violations


def test_a_refusal_stays_a_refusal(play: Play) -> None:
    record = play(report("failed"), agent=REFUNDS_TOO_MUCH).record
    [end] = record.of("tool_call_failed")
    assert end.error_type == "conflict"
