"""Judging: a pure function of the record. Nothing in here can start a run."""

from harness.scoring.calls import Attempt, LogicalCall, logical_calls, tool_attempts
from harness.scoring.expectations import key_of, unmet, unmet_overall
from harness.scoring.linearizable import Order, Search, Span, linear_order, next_ones
from harness.scoring.matching import Matching, argument_score, first_difference, match
from harness.scoring.metrics import METRICS
from harness.scoring.record import ALL_OBSERVED, Observed, Record
from harness.scoring.score import score
from harness.scoring.scorecard import Score, Scorecard
from harness.scoring.signature import AS_EXPECTED, signature
from harness.scoring.twin import Twin, as_twin
from harness.scoring.view import Metric
from harness.scoring.violations import Violation

__all__ = [
    "ALL_OBSERVED",
    "AS_EXPECTED",
    "METRICS",
    "Attempt",
    "LogicalCall",
    "Matching",
    "Metric",
    "Observed",
    "Order",
    "Record",
    "Score",
    "Scorecard",
    "Search",
    "Span",
    "Twin",
    "Violation",
    "argument_score",
    "as_twin",
    "first_difference",
    "key_of",
    "linear_order",
    "logical_calls",
    "match",
    "next_ones",
    "score",
    "signature",
    "tool_attempts",
    "unmet",
    "unmet_overall",
]
