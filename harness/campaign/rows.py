"""A finished trial as rows of the tables, in the order of their schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.agents import BUILT_IN
from harness.campaign.trial import TrialResult
from harness.content import AgentSpec
from harness.history import Event, canonical_json, history_digest
from harness.scoring import Record, Scorecard
from harness.store import SCHEMAS

Row = tuple[Any, ...]
SCORED_COLUMNS = [
    name
    for name in SCHEMAS["trials"].names
    if name
    in {
        "success",
        "utility",
        "attack_success",
        "steps",
        "tool_calls",
        "attempts",
        "retries",
        "tokens_in",
        "tokens_out",
        "cost_usd",
        "virtual_s",
        "policy_violations",
        "duplicate_effects",
        "unapproved_effects",
    }
]


JUDGED_COLUMNS = (
    *("outcome", "fault_coverage", "verdict", "terminal_state", "reasons", "as_expected", "unmet", "signature"),
    *SCORED_COLUMNS,
)
_BRAINS = {"simulated": "simulated", "replay": "replayed", "chat": "live"}


def text(value: Any) -> str:
    """Return plain data as the JSON text that tables hold."""
    return canonical_json(value).decode()


def brain_of(agent: AgentSpec) -> str:
    """Say what kind of brain a verdict rests on: that of a planner of this harness, or the agent's own."""
    return _BRAINS.get(agent.planner, "scripted") if agent.agent in BUILT_IN else "live"


def rows_of(result: TrialResult, card: Scorecard, digests: Mapping[str, str]) -> dict[str, list[Row]]:
    """Return the rows of one trial for every table."""
    trial_id, record = result.spec.trial_id, result.record
    return {
        "trials": [_trial_row(result, card, digests)],
        "runs": _run_rows(result),
        "events": [_event_row(trial_id, event) for event in record.events],
        **score_rows(trial_id, card),
        "effects": _effect_rows(trial_id, record),
        "faults": [
            (
                trial_id,
                one.fault,
                one.kind,
                one.family,
                one.at,
                one.fired,
                one.times,
                one.first_address,
                one.first_time_s,
            )
            for one in record.receipts
        ],
    }


def score_rows(trial_id: str, card: Scorecard) -> dict[str, list[Row]]:
    """Return the rows that scoring makes, and that scoring again makes anew."""
    return {
        "scores": [(trial_id, one.metric, one.value, one.basis) for one in card.scores.values()],
        "violations": [
            (trial_id, one.rule, one.severity, one.blocked, one.run_id, one.seq, one.message) for one in card.violations
        ],
    }


def judged_columns(card: Scorecard) -> dict[str, Any]:
    """Return the columns of ``trials`` that scoring fills."""
    return {
        "outcome": card.outcome,
        "fault_coverage": card.fault_coverage,
        "verdict": card.verdict,
        "terminal_state": card.terminal_state,
        "reasons": text(list(card.reasons)),
        "as_expected": card.as_expected,
        "unmet": text(list(card.unmet or ())),
        "signature": " | ".join(card.signature),
        **{name: card.value(name) for name in SCORED_COLUMNS},
    }


def _trial_row(result: TrialResult, card: Scorecard, digests: Mapping[str, str]) -> Row:
    spec, record = result.spec, result.record
    families = sorted({receipt.family for receipt in record.receipts})
    columns = {
        "trial_id": spec.trial_id,
        "scenario": spec.scenario,
        "domain": spec.domain,
        "task_id": spec.task_id,
        "family": record.task.cluster,
        "agent": spec.agent.name,
        "planner": spec.agent.planner if spec.agent.agent in BUILT_IN else None,
        "model": None,
        "brain": brain_of(spec.agent),
        "approver": spec.agent.approver,
        "fault_plan_id": spec.plan.id,
        "fault_families": ",".join(families),
        "seed": spec.seed,
        "trial": spec.trial,
        **judged_columns(card),
        "history_digest": history_digest(record.events),
        "inputs": text(digests),
        "spec": spec.model_dump_json(),
    }
    return tuple(columns[name] for name in SCHEMAS["trials"].names)


def _run_rows(result: TrialResult) -> list[Row]:
    starts = {event.run_id: event for event in reversed(result.record.of("run_started"))}  # a run can start anew
    ends = {event.run_id: event for event in result.record.of("run_completed")}
    rows = []
    for run in result.spec.runs:
        start, end = starts.get(run.run_id), ends.get(run.run_id)
        rows.append(
            (
                result.spec.trial_id,
                run.run_id,
                start.time_s if start else None,
                end.time_s if end else None,
                end.result if end else None,
                end.step if end else None,
                end.payload.get("answer") if end else None,
            )
        )
    return rows


def _event_row(trial_id: str, event: Event) -> Row:
    return (
        trial_id,
        event.seq,
        event.time_s,
        event.kind,
        event.run_id,
        event.step,
        event.port,
        event.name,
        event.address,
        event.latency_s,
        event.tokens_in,
        event.tokens_out,
        event.cost_usd,
        event.result,
        event.error_type,
        event.retryable,
        text(event.payload),
    )


def _effect_rows(trial_id: str, record: Record) -> list[Row]:
    return [
        (
            trial_id,
            event.seq,
            event.time_s,
            event.run_id,
            event.name,
            event.address,
            text(event.payload["identity"]),
            text(event.payload["arguments"]),
            event.payload["idempotency_key"],
            event.payload["copy"],
            event.payload["irreversible"],
        )
        for event in record.of("effect_committed")
    ]
