"""From a record to its scores: the one function that judges, and it starts nothing."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from harness.content import Expectation, Verdict
from harness.scoring.expectations import unmet
from harness.scoring.metrics import METRICS
from harness.scoring.path import first_deviation
from harness.scoring.record import Record
from harness.scoring.scorecard import Coverage, Outcome, Score, Scorecard
from harness.scoring.signature import signature
from harness.scoring.twin import Twin
from harness.scoring.view import Metric, View

NO_TWIN = "no fault-free twin"


def score(record: Record, expect: Expectation | None = None, *, twin: Twin | None = None) -> Scorecard:
    """Score one trial from its record alone, and hold it against what its scenario expects.

    ``twin`` is what is left of the fault-free trial of the same scenario, task, agent, seed and number; without it the
    metrics that compare with it are None.
    """
    view = View(record, twin)
    card = _scorecard(view)
    missing = None if expect is None else unmet(record, card, expect)
    return msgspec.structs.replace(card, unmet=missing, signature=signature(view, card, missing))


def _scorecard(view: View) -> Scorecard:
    record = view.record
    scores = {metric.name: _score(metric, view) for metric in METRICS}
    executed = [one for one in view.violations if not one.blocked]
    coverage = _coverage(record)
    outcome = _outcome(record, passed=scores["success"].value == 1.0 and not executed)
    return Scorecard(
        outcome=outcome,
        fault_coverage=coverage,
        verdict=_verdict(outcome, coverage, violated=bool(executed)),
        terminal_state=_terminal_state(record),
        scores=scores,
        violations=tuple(view.violations),
        reasons=(*_shortcomings(view), *(one.message for one in executed)),
    )


def _shortcomings(view: View) -> Iterator[str]:
    """Yield, in words, what kept the trial from passing, apart from violations."""
    for event in view.record.of("trial_aborted"):
        yield f"the trial was aborted: {event.payload.get('error')}: {event.payload.get('message')}"
    for run_id, state in view.record.endings.items():
        if state != "completed":
            yield f"{run_id}: ended {state}{view.record.last_words(run_id)}"
    if "world" in view.record.seen:
        yield from view.missed
        yield from view.unwanted
        if view.missed or view.unwanted:
            yield from _deviations(view)


def _deviations(view: View) -> Iterator[str]:
    """Yield, in words, where each run first left the expected path; it explains, and decides nothing."""
    for run_id, calls, quality in zip(view.record.run_ids, view.runs, view.paths, strict=False):
        if deviation := first_deviation(view.record, calls, quality):
            yield f"path of {run_id}: {deviation}"


def _score(metric: Metric, view: View) -> Score:
    if not metric.needs <= view.record.seen:
        return Score(metric.name, None, f"not observed: {', '.join(sorted(metric.needs - view.record.seen))}")
    if metric.paired and view.twin is None and view.record.plan.faults:
        return Score(metric.name, None, NO_TWIN)
    value = metric.function(view)
    if value is None:
        return Score(metric.name, None, "does not apply")
    return Score(metric.name, value, "attempts inferred" if metric.grouped and _inferred(metric, view) else "measured")


def _inferred(metric: Metric, view: View) -> bool:
    return view.is_inferred and not (metric.name == "steps" and view.record.of("model_call_started"))


def _coverage(record: Record) -> Coverage | None:
    if not record.receipts:
        return None
    fired = sum(receipt.fired for receipt in record.receipts)
    return "none" if fired == 0 else "all" if fired == len(record.receipts) else "partial"


def _outcome(record: Record, *, passed: bool) -> Outcome:
    aborted = record.of("trial_aborted")
    if any(event.result == "harness_error" for event in aborted):
        return "harness_error"
    completed = bool(record.endings) and set(record.endings.values()) == {"completed"}
    return "passed" if passed and completed and not aborted else "failed"


def _verdict(outcome: Outcome, coverage: Coverage | None, *, violated: bool) -> Verdict:
    if outcome == "harness_error":
        return "harness_error"
    if violated:
        return "violated"
    return "not_triggered" if coverage == "none" else outcome


def _terminal_state(record: Record) -> str:
    aborted = record.of("trial_aborted")
    if aborted:
        return str(aborted[-1].payload.get("error", "aborted"))
    states = {str(event.result) for event in record.of("run_completed")}
    return ",".join(sorted(states)) or "none"
