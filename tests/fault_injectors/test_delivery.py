"""What arrives twice, late, in another order, under forgotten keys, or as a yes to something else."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from harness.agents import Toolbox
from harness.content import Ask, all_fault_kinds
from harness.scoring import Record, score
from tests.conftest import Play

REFUND = {"order_id": "O-1", "amount_usd": 40.0, "reason": "damaged"}


def agent(name: str) -> dict[str, str]:
    """Name an agent of this module."""
    return {"name": name, "agent": f"tests.fault_injectors.test_delivery:{name}"}


def variant(kind: str, name: str, at: str, nth: int = 1) -> dict[str, Any]:
    """Plan one variant of a kind."""
    return {"kind": kind, "at": at, "when": {"nth": nth}, "options": dict(all_fault_kinds()[kind].variants[name])}


async def keyless(_ask: Ask, tools: Toolbox) -> str:
    """Ask a person, and refund without a key."""
    if await tools.approved("issue_refund", REFUND):
        await tools.call("issue_refund", REFUND)
    return "Refunded 40 dollars."


def copies(record: Record) -> list[int]:
    """Return which copy of a delivery each effect came from."""
    return [event.payload["copy"] for event in record.of("effect_committed")]


@pytest.mark.parametrize("name", all_fault_kinds()["duplicate_delivery"].variants)
def test_every_duplicate_hits_who_sends_no_key_and_nobody_else(play: Play, name: str) -> None:
    fault = variant("duplicate_delivery", name, "tool:issue_refund")
    naive, sound = play(fault, agent=agent("keyless")).record, play(fault).record
    assert copies(naive) == [1, 2]
    assert "duplicate_effect" in {one.rule for one in score(naive).violations}
    assert copies(sound) == [1]
    assert len(sound.of("effect_deduplicated")) == 1
    assert score(sound).outcome == "passed"
    assert naive.receipts[0].times == sound.receipts[0].times == 1


def test_a_duplicate_after_completion_arrives_when_the_last_run_has_ended(play: Play) -> None:
    fault = variant("duplicate_delivery", "after completion", "run-1/tool:issue_refund")
    record = play(fault, starts_s=(0.0, 3000.0)).record
    [repeat] = record.of("effect_deduplicated")
    assert repeat.seq > max(event.seq for event in record.of("run_completed"))


def test_what_was_refused_is_not_delivered_again(play: Play) -> None:
    """A refusal is an answer: nobody redelivers what has been answered."""
    twice = variant("duplicate_delivery", "late", "tool:issue_refund")
    full = {"kind": "crowd", "when": {"window": [0, 300]}, "options": {"tool": "issue_refund", "spans": [[0, 150]]}}
    record = play(full, twice, agent=agent("keyless")).record
    assert [event.error_type for event in record.of("tool_call_failed")] == ["rate_limit"]
    assert copies(record) == []


async def overlapping(_ask: Ask, tools: Toolbox) -> str:
    """Read two orders at a time and a third one later; say in which order the answers came."""
    came = []

    async def read(order: str, begin_s: float) -> None:
        await asyncio.sleep(begin_s)
        await tools.call("get_order", {"order_id": order})
        came.append(order)

    await asyncio.gather(read("O-1", 0.0), read("O-2", 0.01), read("O-9", 5.0))
    return " ".join(came)


def test_a_reply_is_held_back_until_a_later_one_has_overtaken_it(play: Play) -> None:
    """And no longer; the one that began before it does not count."""
    hold = {"kind": "reordered_replies", "at": "tool:get_order[order_id=O-1]"}
    assert play(agent=agent("overlapping")).record.answer == "O-1 O-2 O-9"
    assert play(hold, agent=agent("overlapping")).record.answer == "O-2 O-1 O-9"
    second = {"kind": "reordered_replies", "at": "tool:get_order[order_id=O-2]"}
    assert play(second, agent=agent("overlapping")).record.answer == "O-1 O-9 O-2"


@pytest.mark.parametrize("patience_s", [2.0, 10.0])
def test_a_reply_that_nothing_overtakes_comes_all_the_same(play: Play, patience_s: float) -> None:
    last = "tool:get_order[order_id=O-9]"
    clean = play(agent=agent("overlapping")).record
    fault = {"kind": "reordered_replies", "at": last, "options": {"patience_s": patience_s}}
    record = play(fault, agent=agent("overlapping")).record
    assert record.answer == "O-1 O-2 O-9"
    late_s = record.events[-1].time_s - clean.events[-1].time_s
    assert late_s == pytest.approx(patience_s)


async def sends_again(_ask: Ask, tools: Toolbox) -> str:
    """Send two refunds, each twice with its key, and say which were recognised."""
    said = []
    for key, order in (("a", "O-1"), ("b", "O-2"), ("a", "O-1"), ("b", "O-2")):
        refund = {"order_id": order, "amount_usd": 10.0}
        value = await tools.call("issue_refund", refund, idempotency_key=key)
        said.append("again" if "already_applied" in value else "applied")
    return " ".join(said)


@pytest.mark.parametrize(
    ("name", "answer"),
    [("loss", "applied applied applied applied"), ("expiry", "applied applied applied again")],
)
def test_a_tool_forgets_all_keys_or_the_one_that_it_is_shown(play: Play, name: str, answer: str) -> None:
    fault = variant("key_store_loss", name, "tool:issue_refund[order_id=O-1]", 2)
    record = play(fault, agent=agent("sends_again")).record
    assert record.answer == answer
    assert record.receipts[0].times == 1


def test_a_yes_to_something_else_is_none(play: Play) -> None:
    """Who looks at the decision alone pays what nobody has approved; the reference asks once more."""
    fault = variant("payload_change", "payload changed after approval", "approval:issue_refund")
    naive, sound = play(fault, agent=agent("keyless")).record, play(fault).record
    [decided] = naive.of("approval_decided")
    assert decided.payload["value"]["given_for"] == {**REFUND, "amount_usd": 80.0}
    assert "unapproved_effect" in {one.rule for one in score(naive).violations}
    assert len(sound.of("approval_requested")) == 2
    assert score(sound).verdict == "passed"


def test_a_yes_that_is_always_to_something_else_ends_without_the_effect(play: Play) -> None:
    fault = {**variant("payload_change", "payload changed after approval", "approval"), "when": {"every": True}}
    record = play(fault).record
    assert len(record.of("approval_requested")) == 2
    assert not record.of("effect_committed")
    assert not score(record).violations


def test_a_no_stays_a_no(play: Play) -> None:
    fault = variant("payload_change", "payload changed after approval", "approval")
    [decided] = play(fault, agent={"name": "reference", "approver": "never"}).record.of("approval_decided")
    assert decided.payload["value"] == {"decision": "deny", "queue_length": 0}
