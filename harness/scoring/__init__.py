"""Judging: a pure function of the record. Nothing in here can start a run."""

from harness.scoring.calls import Attempt, LogicalCall, logical_calls, tool_attempts
from harness.scoring.matching import Matching, argument_score, first_difference, match
from harness.scoring.metrics import METRICS, Metric
from harness.scoring.record import ALL_OBSERVED, Observed, Record
from harness.scoring.score import Score, Scorecard, score
from harness.scoring.violations import Violation, violations

__all__ = [
    "ALL_OBSERVED",
    "METRICS",
    "Attempt",
    "LogicalCall",
    "Matching",
    "Metric",
    "Observed",
    "Record",
    "Score",
    "Scorecard",
    "Violation",
    "argument_score",
    "first_difference",
    "logical_calls",
    "match",
    "score",
    "tool_attempts",
    "violations",
]
