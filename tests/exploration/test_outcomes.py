"""What became of a run, in one word."""

from __future__ import annotations

from typing import Any

import pytest

from harness.exploration import outcome_of
from harness.exploration.primitives import primitives_of
from harness.scoring import score
from tests.conftest import Play

LOST = {"kind": "timeout", "at": "tool:issue_refund", "options": {"effect": "after"}}
DOWN = {"kind": "connection", "at": "tool:issue_refund", "when": {"every": True}, "options": {"how": "refused"}}
BLIND: dict[str, Any] = {"name": "blind", "without": ["idempotency_keys"]}


def outcome(play: Play, *faults: dict[str, Any], agent: Any = "reference") -> str:
    record = play(*faults, agent=agent).record
    return outcome_of(record, score(record))


def test_a_run_that_does_its_task_in_spite_of_a_fault_has_recovered(play: Play) -> None:
    assert outcome(play, LOST) == "recovered"


def test_a_run_that_says_that_it_could_not_has_failed_safe(play: Play) -> None:
    assert outcome(play, DOWN) == "failed_safe"


def test_a_doubled_effect_is_violated(play: Play) -> None:
    assert outcome(play, LOST, agent=BLIND) == "violated"


def test_a_fault_that_reached_nothing_is_not_triggered(play: Play) -> None:
    assert outcome(play, {**LOST, "when": {"nth": 9}}) == "not_triggered"


@pytest.mark.parametrize(
    ("fault", "expected"),
    [(LOST, {"look-up"}), (DOWN, {"retry", "breaker opened", "fallback: draft"})],
    ids=["lost acknowledgement", "outage"],
)
def test_the_primitives_that_were_at_work_are_named(play: Play, fault: dict[str, Any], expected: set[str]) -> None:
    assert expected <= set(primitives_of(play(fault).record))
    assert not expected & set(primitives_of(play().record))


def test_a_run_that_believes_what_is_not_so_was_misled(play: Play) -> None:
    silent = {"kind": "false_report", "at": "tool:issue_refund", "options": {"says": "done"}}
    record = play(silent).record
    assert outcome_of(record, score(record)) == "failed"
    assert outcome_of(record, score(record), lied_to=True) == "misled"
