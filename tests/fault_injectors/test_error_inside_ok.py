"""Errors that come with an ok."""

from __future__ import annotations

from typing import Any

import pytest

from harness.scoring import score
from tests.conftest import Play

WRAPPED = {
    "json": {"error": {"message": "Service Unavailable"}},
    "text": "Service Unavailable",
    "html": "<html><head><title>503 Service Unavailable</title></head>"
    "<body><h1>Service Unavailable</h1><hr>nginx</body></html>",
}


def wrapped(body: str, at: str, **when: Any) -> dict[str, Any]:
    """Plan an error inside an ok."""
    return {"kind": "error_inside_ok", "at": at, "when": when or {"nth": 1}, "options": {"body": body}}


@pytest.mark.parametrize("body", WRAPPED)
def test_the_value_is_an_error_and_nothing_has_happened(play: Play, body: str) -> None:
    record = play(wrapped(body, "tool:issue_refund")).record
    ends = [one for one in record.of("tool_call_completed") if one.name == "issue_refund"]
    assert (ends[0].port, ends[0].result, ends[0].payload["value"]) == ("tool", "ok", WRAPPED[body])
    assert not [one for one in record.of("effect_committed") if one.address == ends[0].address]


@pytest.mark.parametrize("body", WRAPPED)
@pytest.mark.parametrize("at", ["tool:issue_refund", "tool:get_order"])
def test_the_reference_takes_it_for_no_result_and_looks_a_write_up_before_it_asks_again(
    play: Play, body: str, at: str
) -> None:
    record = play(wrapped(body, at)).record
    assert [one.payload["attempt"] for one in record.of("retry_scheduled")] == [2]
    looked_up = [one.name for one in record.of("tool_call_started") if one.port == "store"]
    assert looked_up == (["issue_refund"] if at == "tool:issue_refund" else [])
    assert score(record).outcome == "passed"


@pytest.mark.parametrize(("body", "asked_again"), [("json", True), ("html", True), ("text", False)])
def test_a_model_that_has_no_other_way_says_it_in_its_answer(play: Play, body: str, asked_again: bool) -> None:
    record = play(wrapped(body, "model:planner")).record
    if asked_again:
        assert score(record).outcome == "passed"
    else:
        assert record.answer == "Error: Service Unavailable"


@pytest.mark.parametrize("body", WRAPPED)
@pytest.mark.parametrize("port", ["retrieval", "store"])
def test_the_control_takes_no_error_for_an_answer_of_its_own_questions(play: Play, body: str, port: str) -> None:
    """A search in the place of a planner that is down, and a look-up after a lost acknowledgement: people have to look."""
    model = {"kind": "http_error", "at": "model:planner", "when": {"every": True}}
    lost = {"kind": "timeout", "at": "tool:issue_refund", "options": {"effect": "after"}}
    record = play(wrapped(body, port, every=True), {"retrieval": model, "store": lost}[port]).record
    assert not record.of("trial_aborted")
    assert not score(record).violations
    if port == "store":
        assert len(record.of("effect_committed")) == 1
        assert record.endings == {"run-1": "queued"}


@pytest.mark.parametrize("body", WRAPPED)
def test_a_memory_that_answers_with_an_error_recalls_nothing(play: Play, body: str) -> None:
    recalls = {"name": "recalls", "policy": {"context": {"recall": 3}}}
    fault = wrapped(body, "memory:recall")
    record = play(fault, domain="limits", task="remember_the_pump", agent=recalls).record
    assert not record.of("trial_aborted")
