"""Hand-offs that are lost, doubled, garbled, contradictory, or never answered."""

from __future__ import annotations

from typing import Any

import pytest

from harness.content import all_fault_kinds
from harness.scoring import Record, score
from tests.conftest import Play

WORKERS = {
    "reader": {"description": "Looks invoices up.", "tools": ["get_invoice"]},
    "payer": {"description": "Pays invoices.", "tools": ["pay_invoice"]},
}
KINDS = all_fault_kinds()


def handed_over(play: Play, kind: str, variant: str, **when: Any) -> Record:
    """Play a supervisor with two workers whose hand-off to the payer is hurt."""
    fault = {"kind": kind, "at": "agent:hand_to_payer", "options": dict(KINDS[kind].variants[variant])}
    agent = {"name": "reference", "workers": WORKERS}
    record = play({**fault, "when": when or {"nth": 1}}, domain="payables", task="pay_one_invoice", agent=agent).record
    assert record.receipts[0].fired
    return record


def asked(record: Record) -> list[str]:
    """Return what people were told that the payer was asked."""
    return [event.payload["arguments"]["ask"] for event in record.of("approval_requested")]


ALL = [
    ("timeout", "timeout before the effect"),
    ("timeout", "timeout after the effect"),
    *(("duplicate_delivery", one) for one in KINDS["duplicate_delivery"].variants),
    *(("hand_off", one) for one in KINDS["hand_off"].variants),
]


@pytest.mark.parametrize(("kind", "variant"), ALL)
def test_whatever_befalls_a_hand_off_the_invoice_is_paid_once_at_most(play: Play, kind: str, variant: str) -> None:
    record = handed_over(play, kind, variant)
    assert len(record.of("effect_committed")) <= 1
    assert not score(record).violations
    assert all(record.endings.values())


def test_half_of_the_words_get_lost(play: Play) -> None:
    [ask] = asked(handed_over(play, "hand_off", "corrupted"))
    assert ask == "Please pay invoice I-1001. 1240.0"


def test_a_second_voice_takes_it_back(play: Play) -> None:
    [ask] = asked(handed_over(play, "hand_off", "contradictory instructions"))
    assert ask.startswith("Please pay invoice I-1001. 1240.0 USD are left of I-1001. No, wait: ")


def test_a_deadlock_ends_with_the_patience_of_the_caller(play: Play) -> None:
    """The work is done, and its caller does not know; the same hand-off again is the same run."""
    record = handed_over(play, "hand_off", "deadlock")
    [unanswered] = [event for event in record.of("tool_call_failed") if event.port == "agent"]
    assert (unanswered.result, unanswered.latency_s) == ("unknown", 600.0)
    assert len(record.of("effect_committed")) == 1
    assert score(record).verdict == "passed"


def test_a_worker_that_never_answers_is_left_to_people(play: Play) -> None:
    record = handed_over(play, "hand_off", "deadlock", every=True)
    assert record.endings["run-1"] == "queued"
    assert len(record.of("effect_committed")) == 1
