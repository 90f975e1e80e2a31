"""Answers from the past."""

from __future__ import annotations

from harness.agents import Toolbox
from harness.content import Ask
from tests.conftest import Play

NOTES = {"name": "notes", "agent": "tests.fault_injectors.test_stale_answer:notes"}
LOOKS = {"name": "looks", "agent": "tests.fault_injectors.test_stale_answer:looks"}


async def notes(_ask: Ask, tools: Toolbox) -> str:
    """Write a note and read it back."""
    await tools.call("add_note", {"order_id": "O-1", "note": "called"})
    return str((await tools.call("get_order", {"order_id": "O-1"}))["notes"])


async def looks(_ask: Ask, tools: Toolbox) -> str:
    """Look up two orders."""
    return " ".join([(await tools.call("get_order", {"order_id": one}))["order_id"] for one in ("O-1", "O-2")])


def test_a_replica_has_not_heard_of_what_was_just_written(play: Play) -> None:
    stale = {"kind": "stale_answer", "at": "tool:get_order", "options": {"source": "replica"}}
    assert play(agent=NOTES).record.answer == "['called']"
    record = play(stale, agent=NOTES).record
    assert record.answer == "[]"
    assert [receipt.times for receipt in record.receipts] == [1]


def test_a_cache_answers_what_was_asked_before(play: Play) -> None:
    fault = {"kind": "stale_answer", "at": "tool:get_order[order_id=O-2]"}
    assert play(fault, agent=LOOKS).record.answer == "O-1 O-1"


def test_an_empty_cache_lets_the_call_through(play: Play) -> None:
    fault = {"kind": "stale_answer", "at": "tool:get_order[order_id=O-1]"}
    assert play(fault, agent=LOOKS).record.answer == "O-1 O-2"


def test_a_model_may_say_again_what_it_has_said(play: Play) -> None:
    """The same request once more: it is carried out again, and the run goes on behind it."""
    record = play({"kind": "stale_answer", "at": "model:planner", "when": {"nth": 3}}).record
    answers = [one.payload["value"] for one in record.of("model_call_completed")]
    assert answers[2] == answers[1]
    assert record.answer == "Refunded 40.0 USD for order O-1."
