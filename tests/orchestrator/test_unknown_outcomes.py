"""What nobody has answered is neither done nor failed, until it is looked up; and it may arrive after that."""

from __future__ import annotations

from typing import Any

import pytest

from harness.scoring import Record
from tests.conftest import Play

REFUND = "tool:issue_refund"
LOST_ACKNOWLEDGEMENT = {"kind": "timeout", "at": REFUND, "options": {"effect": "after"}}
STORE_IS_DOWN = {"kind": "timeout", "at": "store:issue_refund", "when": {"first": 2}}
KEY_IS_LOST = {"kind": "key_store_loss", "at": REFUND, "when": {"nth": 2}, "options": {"keys": "own"}}
BAD_REQUEST = {"kind": "http_error", "at": REFUND, "when": {"nth": 2}, "options": {"status": 400}}
LOOK = {"calls": [{"tool": "get_order", "arguments": {"order_id": "O-1003"}}]}


def refund(amount_usd: float = 69.5, order_id: str = "O-1003") -> dict[str, Any]:
    return {
        "tool": "issue_refund",
        "arguments": {"order_id": order_id, "amount_usd": amount_usd, "reason": "damaged"},
    }


def planned(
    play: Play, *faults: dict[str, Any], turns: list[Any], task: str = "bowls_in_shards", **more: Any
) -> Record:
    """Play what a planner asks for in these turns, whatever comes of it."""
    options = {"answers": [*turns, {"answer": "That is all."}]}
    agent = {"name": "reference", "planner": "replay", "planner_options": options, **more}
    return play(*faults, domain="support_desk", task=task, agent=agent).record


def refunds(record: Record) -> list[float]:
    return [
        one.payload["arguments"]["amount_usd"] for one in record.of("effect_committed") if one.name == "issue_refund"
    ]


@pytest.mark.parametrize(
    "turns", [[LOOK, {"calls": [refund()]}, {"calls": [refund()]}], [LOOK, {"calls": [refund()] * 2}]]
)
def test_who_asks_again_for_what_nobody_knows_has_it_looked_up_first(play: Play, turns: list[Any]) -> None:
    """The store is silent until the first request is given up, and the tool forgets the key at the second."""
    record = planned(play, LOST_ACKNOWLEDGEMENT, STORE_IS_DOWN, KEY_IS_LOST, turns=turns)
    assert refunds(record) == [69.5]


@pytest.mark.parametrize("delay_s", [10.1, 20.0, 28.0])
def test_a_key_is_looked_up_after_the_wait_as_well(play: Play, delay_s: float) -> None:
    """The call arrives behind the first look-up, in the seconds before the repeat; then its key is lost."""
    late = {"kind": "slow", "at": REFUND, "options": {"delay_s": delay_s}}
    record = planned(play, late, KEY_IS_LOST, turns=[LOOK, {"calls": [refund()]}])
    looked_up = [
        event.payload["value"]["applied"] for event in record.of("tool_call_completed") if event.port == "store"
    ]
    assert (looked_up, refunds(record)) == ([False, True], [69.5])


def test_a_later_refusal_does_not_settle_what_is_under_way(play: Play) -> None:
    """The copy of the lost call arrives a minute later."""
    copy = {"kind": "duplicate_delivery", "at": REFUND, "options": {"delay_s": 60.0}}
    lost = {"kind": "timeout", "at": REFUND, "options": {"effect": "before"}}
    record = planned(play, copy, lost, BAD_REQUEST, turns=[LOOK, {"calls": [refund()]}])
    assert refunds(record) == [69.5]
    assert "issue_refund: unknown (an earlier attempt may still take effect; after it: 400" in record.answer


def test_neither_a_failure_nor_a_refusal_settles_what_is_unknown(play: Play) -> None:
    """The second request is for another amount, and denied."""
    denied = {"kind": "approver", "at": "approval:issue_refund", "when": {"nth": 2}, "options": {"behaviour": "denies"}}
    store_is_down = {**STORE_IS_DOWN, "when": {"every": True}}
    record = planned(
        play, LOST_ACKNOWLEDGEMENT, store_is_down, denied, turns=[LOOK, {"calls": [refund()]}, {"calls": [refund(3)]}]
    )
    assert refunds(record) == [69.5]
    assert [one.result for one in record.of("run_completed")] == ["queued"]
    assert "issue_refund: unknown" in record.answer


def test_what_waits_for_a_person_is_not_begun_on_unsettled_ground(play: Play) -> None:
    """Both wait since the planner is unsure; of the first nobody knows whether it was done."""
    silent = [
        {"kind": "timeout", "at": at, "when": {"every": True}} for at in (f"{REFUND}[order_id=O-1012]", "store:*")
    ]
    both = {"confidence": 0.3, "calls": [refund(31.0, "O-1012"), refund(27.5, "O-1014")]}
    look = {"calls": [{"tool": "get_order", "arguments": {"order_id": one}} for one in ("O-1012", "O-1014")]}
    record = planned(play, *silent, turns=[look, both], task="two_orders_two_refunds")
    assert refunds(record) == []
    assert [one.payload["rule"] for one in record.of("policy_denied")] == ["read_only_mode"]
    assert len(record.of("approval_requested")) == 1


def test_a_life_that_has_lost_its_log_says_so_unless_it_has_done_all_again(play: Play) -> None:
    """Both refunds were made; the life that knows nothing of it looks the first one up, and may not ask for the second."""
    crash = {"kind": "crash", "at": "model:planner", "when": {"nth": 6}, "options": {"at": "after", "log": "lost"}}
    denied = {"kind": "approver", "at": "approval:issue_refund", "when": {"nth": 4}, "options": {"behaviour": "denies"}}
    of_both = play(crash, domain="support_desk", task="two_orders_two_refunds").record
    of_one = play(crash, denied, domain="support_desk", task="two_orders_two_refunds").record
    assert refunds(of_both) == refunds(of_one) == [31.0, 27.5]
    assert "The log of an earlier life is lost" not in of_both.answer
    assert "The log of an earlier life is lost" in of_one.answer
