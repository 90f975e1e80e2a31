"""Rights that end while they are needed, and rows of somebody else."""

from __future__ import annotations

from typing import Any

import pytest

from harness.agents import Toolbox, ToolFailed
from harness.content import Ask, all_fault_kinds
from harness.scoring import Record, score
from tests.conftest import Play

TRIES = {"name": "tries", "agent": "tests.fault_injectors.test_identity:tries"}
SHOP, PAYABLES = ("shop", "order_status"), ("payables", "pay_one_invoice")
READS = {"shop": ("get_order", {"order_id": "O-1"}), "payables": ("get_invoice", {"invoice_id": "I-1001"})}


def loses(what: str, tool: str) -> dict[str, Any]:
    """Plan the loss of a right at the second call of a tool."""
    return {"kind": "lost_right", "at": f"tool:{tool}", "when": {"nth": 2}, "options": {"loses": what}}


async def tries(_ask: Ask, tools: Toolbox) -> str:
    """Read the same thing four times, each time with a right of its own; say what came of it."""
    tool, arguments = READS["payables" if "get_invoice" in tools._session.catalogue else "shop"]
    said = []
    for _ in range(4):
        try:
            await tools.call(tool, arguments)
            said.append("ok")
        except ToolFailed as error:
            said.append(str(error.reply.error_type))
    return " ".join(said)


@pytest.mark.parametrize("where", [SHOP, PAYABLES])
@pytest.mark.parametrize(
    ("what", "answer"),
    [
        ("credential", "ok authorization ok ok"),
        ("permission", "ok authorization authorization authorization"),
    ],
)
def test_a_credential_can_be_fetched_anew_and_a_permission_is_gone(
    play: Play, where: tuple[str, str], what: str, answer: str
) -> None:
    """Also in a domain without rules of its own."""
    domain, task = where
    record = play(loses(what, READS[domain][0]), domain=domain, task=task, agent=TRIES).record
    assert record.answer == answer
    assert record.receipts[0].times == 1


def test_a_right_is_lost_for_one_tool_alone(play: Play) -> None:
    record = play({"kind": "lost_right", "at": "tool:get_order", "options": {"loses": "permission"}}).record
    assert {event.name for event in record.of("tool_call_failed")} == {"get_order"}
    assert "search_kb" in {event.name for event in record.of("tool_call_completed")}


def test_a_right_to_memories_can_be_lost(play: Play) -> None:
    fault = {"kind": "lost_right", "at": "memory:*", "options": {"loses": "permission"}}
    record = play(fault, domain="payables", task="remember_a_wish").record
    refused = [event for event in record.of("tool_call_failed") if event.port == "memory"]
    assert {event.error_type for event in refused} == {"authorization"}
    assert not record.of("memory_written")


@pytest.mark.parametrize("name", all_fault_kinds()["lost_right"].variants)
def test_a_refused_write_is_not_made_under_another_name(play: Play, name: str) -> None:
    options = dict(all_fault_kinds()["lost_right"].variants[name])
    record = play({"kind": "lost_right", "at": "tool:issue_refund", "options": options}).record
    assert not record.of("effect_committed")
    assert "authorization" in {event.error_type for event in record.of("tool_call_failed")}
    assert "issue_refund" in record.answer
    assert not score(record).violations


def values(record: Record, tool: str) -> list[Any]:
    """Return what a tool has answered."""
    return [event.payload["value"] for event in record.of("tool_call_completed") if event.name == tool]


MIXED_UP = {"kind": "cross_tenant", "at": "tool:*"}


def test_a_reply_names_a_row_of_another_tenant(play: Play) -> None:
    """Not the one that was asked for, when it names another one; the rules of the domain stop who believes it."""
    options = {"domain": "payables", "task": "vendor_in_words"}
    clean, mixed_up = play(**options).record, play(MIXED_UP, **options).record
    assert values(clean, "find_vendor") == [{"vendor_id": "V-02", "name": "Quiet Office Supply"}]
    assert values(mixed_up, "find_vendor") == [{"vendor_id": "V-04", "name": "Quiet Office Supply"}]
    refused = mixed_up.of("tool_call_failed")
    assert "belongs to south" in refused[0].payload["message"]
    assert not mixed_up.of("effect_committed")


def test_what_was_asked_for_is_swapped_last(play: Play) -> None:
    options = {"domain": "payables", "task": "pay_one_invoice"}
    [invoice] = values(play(MIXED_UP, **options).record, "get_invoice")
    assert (invoice["invoice_id"], invoice["vendor_id"]) == ("I-1001", "V-04")


def test_where_there_is_one_tenant_nothing_is_mixed_up(play: Play) -> None:
    assert values(play(MIXED_UP).record, "get_order") == values(play().record, "get_order")
