"""Connections that break: before anything was sent nobody doubts, after that nobody knows."""

from __future__ import annotations

from typing import Any

import pytest

from harness.history import Event
from harness.scoring import Record, score
from tests.conftest import Play


def broken(play: Play, **options: Any) -> tuple[Record, Event]:
    """Play a trial in which the connection of a refund breaks, and return the record with the end of that call."""
    record = play({"kind": "connection", "at": "tool:issue_refund", "options": options}).record
    [end, *_] = record.of("tool_call_failed")
    return record, end


@pytest.mark.parametrize(
    ("how", "message", "latency_s"),
    [("refused", "connection refused", 0.05), ("timeout", "no connection within 5 s", 5.0)],
)
def test_what_never_connected_is_known_to_have_failed(play: Play, how: str, message: str, latency_s: float) -> None:
    record, end = broken(play, how=how)
    assert (end.result, end.error_type, end.retryable) == ("failed", "unavailable", True)
    assert end.payload["message"] == message
    assert end.latency_s == pytest.approx(latency_s)
    assert score(record).outcome == "passed"


def test_an_impatient_caller_does_not_wait_for_a_connection(play: Play) -> None:
    _, end = broken(play, how="timeout", connect_timeout_s=60)
    assert end.result == "unknown"
    assert end.latency_s == pytest.approx(10.0)


@pytest.mark.parametrize("effect", ["before", "after"])
def test_after_a_reset_nobody_knows_and_the_refund_is_made_once(play: Play, effect: str) -> None:
    record, end = broken(play, how="reset", effect=effect)
    assert (end.result, end.error_type, end.retryable) == ("unknown", "transient_upstream", True)
    assert end.payload["message"] == "connection reset by peer"
    assert len(record.of("effect_committed")) == 1
    assert score(record).outcome == "passed"


def test_an_outage_that_lasts_leaves_the_refund_to_people(play: Play) -> None:
    fault = {"kind": "connection", "at": "tool:issue_refund", "when": {"every": True}}
    record = play(fault).record
    assert not record.of("effect_committed")
    assert record.of("run_completed")[0].result != "crashed"


def test_nothing_new_is_written_while_people_have_a_draft(play: Play) -> None:
    """The first refund is left to people; nobody knows what it will have been when the second one is made."""
    down = {"kind": "connection", "at": "tool:issue_refund[order_id=O-1012]", "when": {"every": True}}
    record = play(down, domain="support_desk", task="two_orders_two_refunds").record
    assert record.of("breaker_opened")
    assert record.of("fallback_activated")[0].payload["mode"] == "draft"
    assert not record.of("effect_committed")
    assert "read_only_mode" in {one.payload["rule"] for one in record.of("policy_denied")}
