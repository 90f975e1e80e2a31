"""The single kinds of fault: what each does to a call, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.agents import Toolbox, ToolFailed
from harness.boundary import Call
from harness.content import Ask
from harness.history import Event, canonical_json
from harness.planners import Context
from harness.scoring import Record
from tests.conftest import Play

REFUND = {"order_id": "O-1", "amount_usd": 10.0}


async def refunds(_ask: Ask, tools: Toolbox) -> str:
    """Refund with a key, twice; say what came of it."""
    said = []
    for _ in range(2):
        try:
            value = await tools.call("issue_refund", REFUND, idempotency_key="k", timeout_s=10.0)
            said.append("again" if "already_applied" in value else "applied")
        except ToolFailed as error:
            said.append(error.reply.status)
    return " ".join(said)


async def thinks(ask: Ask, tools: Toolbox) -> str:
    """Ask the model for its first decision."""
    session = tools._session
    context = Context(ask, session.catalogue, [])
    await session.send(Call("model", "planner", {}, session.run_id, session.principal, context=context))
    return "done"


def played(play: Play, agent: str, *faults: dict[str, Any], **options: Any) -> Record:
    """Play a trial of an agent of this module."""
    return play(*faults, agent={"name": agent, "agent": f"tests.boundary.test_fault_kinds:{agent}"}, **options).record


@pytest.mark.parametrize("delay_s", [0.5, 4.0])
def test_a_slow_call_takes_longer_and_works(play: Play, delay_s: float) -> None:
    clean = played(play, "refunds")
    slow = played(play, "refunds", {"kind": "slow", "at": "tool", "options": {"delay_s": delay_s}})
    [usual, held_up] = (record.of("tool_call_completed")[0].latency_s or 0.0 for record in (clean, slow))
    assert held_up - usual == pytest.approx(delay_s)
    assert slow.answer == clean.answer == "applied again"


@pytest.mark.parametrize(
    ("delay_s", "answer"), [(10.0, "unknown again"), (9.95, "unknown again"), (30.0, "unknown applied")]
)
def test_a_call_that_is_slower_than_its_caller_has_patience_arrives(play: Play, delay_s: float, answer: str) -> None:
    record = played(play, "refunds", {"kind": "slow", "at": "tool", "options": {"delay_s": delay_s}})
    assert record.of("tool_call_failed")[0].latency_s == 10.0
    assert record.answer == answer
    assert (len(record.of("effect_committed")), len(record.of("effect_deduplicated"))) == (1, 1)


@pytest.mark.parametrize(("nth", "answer"), [(1, "applied again"), (2, "applied applied")])
def test_a_tool_that_has_lost_its_keys_applies_a_repeat(play: Play, nth: int, answer: str) -> None:
    record = played(play, "refunds", {"kind": "key_store_loss", "at": "tool", "when": {"nth": nth}})
    assert record.answer == answer


def first_call(sound: Any, **changed: Any) -> Any:
    """Return a decision whose first call differs."""
    return {**sound, "calls": [{**sound["calls"][0], **changed}]}


def without(thing: Any, name: str) -> Any:
    """Return a table without one key."""
    return {key: value for key, value in thing.items() if key != name}


DAMAGED: dict[str, Callable[[Any], Any]] = {
    "empty": lambda _sound: None,
    "not_json": lambda _sound: "Certainly! I have looked into it, and here is what I would do next.",
    "malformed_json": lambda sound: canonical_json(sound).decode()[:-1] + ",}",
    "missing_field": lambda sound: {**sound, "calls": [without(sound["calls"][0], "tool")]},
    "renamed_field": lambda sound: first_call(
        {"calls": [without(sound["calls"][0], "tool")], "thought": sound["thought"]}, function="search_kb"
    ),
    "out_of_range": lambda sound: {**sound, "confidence": 7},
    "extra_field": lambda sound: {**sound, "mood": "cheerful"},
    "unknown_tool": lambda sound: first_call(sound, tool="search_kb_v2"),
    "truncated": lambda sound: {"thought": sound["thought"][: len(sound["thought"]) // 2]},
}


def garbled(shape: str) -> dict[str, Any]:
    """Plan one malformed answer."""
    return {"kind": "malformed_output", "options": {"shape": shape}}


def model_end(record: Record) -> Event:
    """Return the end of the one model call."""
    [end] = record.of("model_call_completed")
    return end


@pytest.mark.parametrize("shape", DAMAGED)
def test_a_malformed_answer_is_wrong_in_the_way_that_was_planned_and_is_paid_for(play: Play, shape: str) -> None:
    sound, damaged = (model_end(played(play, "thinks", *faults)) for faults in ([], [garbled(shape)]))
    assert damaged.payload["value"] == DAMAGED[shape](sound.payload["value"])
    assert (damaged.tokens_out, damaged.cost_usd) == (sound.tokens_out, sound.cost_usd)


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        ("missing_field", {}),
        ("renamed_field", {"answer_text": "Done."}),
        ("unknown_tool", {"calls": [{"tool": "finish_v2", "arguments": {}}]}),
        ("truncated", {"thought": ""}),
    ],
)
def test_a_malformed_last_answer_is_wrong_too(play: Play, shape: str, value: Any) -> None:
    agent = {"name": "thinks", "agent": "tests.boundary.test_fault_kinds:thinks", "planner": "do_nothing"}
    assert model_end(play(garbled(shape), agent=agent).record).payload["value"] == value


@pytest.mark.parametrize("inner", DAMAGED)
@pytest.mark.parametrize("outer", DAMAGED)
def test_a_malformed_answer_can_be_damaged_again(play: Play, outer: str, inner: str) -> None:
    assert not played(play, "thinks", garbled(outer), garbled(inner)).of("trial_aborted")


def test_a_model_that_does_not_answer_says_nothing_malformed(play: Play) -> None:
    busy = {"kind": "http_error", "at": "model", "options": {"status": 429}}
    [end] = played(play, "thinks", garbled("empty"), busy).of("model_call_failed")
    assert end.error_type == "rate_limit"
