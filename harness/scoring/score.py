"""From a record to its scores: the one function that judges, and it starts nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from harness.scoring.metrics import METRICS, Metric, View
from harness.scoring.record import Record
from harness.scoring.violations import Violation

Outcome = Literal["passed", "failed", "harness_error"]
Coverage = Literal["none", "partial", "all"]
Verdict = Literal["passed", "failed", "violated", "not_triggered", "harness_error"]


class Score(msgspec.Struct, frozen=True):
    """One number; ``basis`` says what it rests on, or why it is None."""

    metric: str
    value: float | None
    basis: str


class Scorecard(msgspec.Struct, frozen=True):
    """Everything that scoring says of one trial.

    It passed when its task succeeded, nothing was violated, and every run ended ``completed``.
    ``fault_coverage`` is None for a plan without faults. A trial whose coverage is ``none`` is *not triggered*: it has
    shown nothing about its faults, whatever its outcome; a violation in it counts all the same.
    """

    outcome: Outcome
    fault_coverage: Coverage | None
    verdict: Verdict
    terminal_state: str
    scores: dict[str, Score]
    violations: tuple[Violation, ...]
    reasons: tuple[str, ...]

    def value(self, metric: str) -> float | None:
        """Return the value of one metric."""
        return self.scores[metric].value


def score(record: Record) -> Scorecard:
    """Score one trial from its record alone."""
    view = View(record)
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


def _score(metric: Metric, view: View) -> Score:
    missing = metric.needs - view.record.seen
    if missing:
        return Score(metric.name, None, f"not observed: {', '.join(sorted(missing))}")
    value = metric.function(view)
    if value is None:
        return Score(metric.name, None, "does not apply")
    return Score(metric.name, value, "attempts inferred" if metric.grouped and _inferred(metric, view) else "measured")


def _inferred(metric: Metric, view: View) -> bool:
    if metric.name == "steps" and view.record.of("model_call_started"):
        return False
    return any(call.basis == "inferred" for call in view.calls)


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
