"""Work that is handed to another agent is done once, for the same person, within the same budget."""

from __future__ import annotations

from typing import Any

import pytest

from harness.boundary import FaultPlan, PlannedFault
from harness.campaign import TrialSpec, run_trial
from harness.content import AgentSpec
from harness.scoring import Record, score

WORKERS = {
    "reader": {"description": "Looks invoices up.", "tools": ["get_invoice"]},
    "payer": {"description": "Pays invoices.", "tools": ["pay_invoice"]},
}


def played(*faults: dict[str, Any], **agent: Any) -> Record:
    """Play a supervisor with two workers who pays one invoice."""
    spec = AgentSpec.model_validate({"name": "reference", "workers": WORKERS, **agent})
    plan = FaultPlan(id="plan", faults=tuple(PlannedFault.model_validate(fault) for fault in faults))
    trial = TrialSpec(
        scenario="test", domain="payables", task_id="pay_one_invoice", agent=spec, plan=plan, seed=0, trial=0
    )
    return run_trial(trial).record


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "timeout", "at": "tool:pay_invoice", "options": {"effect": "after"}},
        {"kind": "crash", "at": "agent:hand_to_payer", "options": {"at": "before"}},
        {"kind": "crash", "at": "agent:hand_to_payer", "options": {"at": "after"}},
        {"kind": "crash", "at": "agent:hand_to_payer", "options": {"at": "after", "log": "lost"}},
        {"kind": "crash", "at": "run-1.payer*/tool:pay_invoice", "options": {"at": "after"}},
    ],
)
def test_whatever_is_lost_the_invoice_is_paid_once(fault: dict[str, Any]) -> None:
    """The same hand-off is the same run, so it is recognised and not begun again."""
    record = played(fault)
    assert len(record.of("effect_committed")) == 1
    assert score(record).verdict == "passed"


def test_a_worker_acts_for_the_one_who_asked_and_under_its_own_name() -> None:
    """And sees no tool but its own."""
    record = played()
    acting = {event.name: event.payload for event in record.of("tool_call_started")}
    assert acting["pay_invoice"]["principal"] == {"user": "ann", "tenant": "north"}
    assert (acting["get_invoice"]["agent"], acting["pay_invoice"]["agent"]) == ("reader", "payer")


def test_a_hand_off_carries_the_trace_and_what_is_left_of_the_budget() -> None:
    record = played()
    first, second = record.of("handoff")
    assert second.payload["trace"] == {"run_id": "run-1", "step": 2}
    assert second.payload["budget"]["max_cost_usd"] < first.payload["budget"]["max_cost_usd"] < 1.0
    assert [run_id.rpartition(".")[0] for run_id in record.run_ids] == ["", "run-1.reader", "run-1.payer"]


def test_of_a_worker_that_does_not_complete_nobody_knows_what_it_has_done() -> None:
    """Here it may not take a single step; the supervisor leaves the hand-off to people."""
    narrow = {**WORKERS, "payer": {**WORKERS["payer"], "policy": {"models": {"allowed": ["nobody"]}}}}
    record = played(workers=narrow)
    assert not record.of("effect_committed")
    failed = [event for event in record.of("tool_call_failed") if event.name == "hand_to_payer"]
    assert (failed[0].result, "payer did not complete its work" in failed[0].payload["message"]) == ("unknown", True)
    assert score(record).outcome == "failed"
