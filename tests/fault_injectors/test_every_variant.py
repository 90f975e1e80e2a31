"""Every variant of the faults of models and tools bites: the agent sees something else, or the world differs."""

from __future__ import annotations

from typing import Any

import pytest

from harness.content import all_fault_kinds
from harness.history import Event
from harness.scoring import Record
from tests.conftest import Play

KINDS = all_fault_kinds()
FIRST_MODEL_CALL, LATER_MODEL_CALL, LAST_MODEL_CALL = ("model:planner", 1), ("model:planner", 3), ("model:planner", 4)
ORDER, REFUND = ("tool:get_order", 1), ("tool:issue_refund", 1)
PLACES = {
    "http_error": ORDER,
    "connection": ORDER,
    "timeout": ORDER,
    "slow": ORDER,
    "stale_answer": LATER_MODEL_CALL,
    "error_inside_ok": ORDER,
    "broken_stream": FIRST_MODEL_CALL,
    "malformed_output": FIRST_MODEL_CALL,
    "wrong_output": LATER_MODEL_CALL,
    "cost_surge": FIRST_MODEL_CALL,
    "wrong_result": ORDER,
    "false_report": REFUND,
}
OTHER_PLACES = {"wrong_output/confident wrong": LAST_MODEL_CALL}
VARIANTS = [f"{kind}/{variant}" for kind in PLACES for variant in KINDS[kind].variants]


def ended(record: Record, place: tuple[str, int]) -> Event:
    """Return the end of the call at a place."""
    selector, nth = place
    ends = record.of("tool_call_completed", "tool_call_failed", "model_call_completed", "model_call_failed")
    [end] = [one for one in ends if f"{one.port}:{one.name}" == selector and str(one.address).endswith(f"#{nth}")]
    return end


def seen(end: Event) -> tuple[Any, ...]:
    """Return what a caller knows of a call, and what it has paid for it."""
    told = {name: value for name, value in end.payload.items() if name != "call"}
    return end.result, end.error_type, end.retryable, end.latency_s, end.tokens_out, end.cost_usd, told


def world_of(record: Record) -> list[Any]:
    """Return what took effect."""
    return [(one.name, one.payload["arguments"]) for one in record.of("effect_committed")]


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_leaves_a_receipt_and_a_mark(play: Play, name: str) -> None:
    kind, _, variant = name.partition("/")
    place = OTHER_PLACES.get(name, PLACES[kind])
    options = dict(KINDS[kind].variants[variant])
    hurt = play({"kind": kind, "at": place[0], "when": {"nth": place[1]}, "options": options}).record
    clean = play().record
    assert [receipt.times for receipt in hurt.receipts] == [1]
    assert not hurt.of("trial_aborted")
    assert (seen(ended(hurt, place)), world_of(hurt)) != (seen(ended(clean, place)), world_of(clean))


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_hurts_the_same_at_every_play(play: Play, name: str) -> None:
    kind, _, variant = name.partition("/")
    fault = {"kind": kind, "at": "*", "when": {"nth": 2}, "options": dict(KINDS[kind].variants[variant])}
    assert play(fault).record.events == play(fault).record.events
