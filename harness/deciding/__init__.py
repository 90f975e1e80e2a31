"""Deciding: two sides compared on equal trials, and one verdict on whether the candidate may ship.

What comes in: results folders, saved baselines and the gate file. Nothing in here judges a single trial; that is
scoring. A verdict is a function of its inputs; the one thing that is started here is more trials of both sides.
"""

from harness.deciding.base_scenarios import scenario_of_the_base
from harness.deciding.baseline import Baseline, Origin, baseline_of, read_baseline, summary_of, write_baseline
from harness.deciding.comparing import AxisChange, Comparison, axis_changes, compare
from harness.deciding.gate import Rules, decide
from harness.deciding.gate_file import GateFile, MetricRule, parse_gate_file, read_gate_file
from harness.deciding.golden_traces import write_approved
from harness.deciding.judging import judge, judge_here, no_baseline, noted, reference
from harness.deciding.measured import Measured, measure
from harness.deciding.merge_base import (
    Checkout,
    check_is_of_the_base,
    expectation_changes,
    git,
    inside,
    merge_base,
    play,
    text_at,
)
from harness.deciding.pairs import Pair, Pairing, PairKey, Side, pair_up, side
from harness.deciding.verdict import (
    EXIT_CODES,
    Counterexample,
    GoldenChange,
    HardBreak,
    MetricKind,
    MetricVerdict,
    Power,
    Provenance,
    Quarantined,
    Slice,
    Verdict,
)

__all__ = [
    "EXIT_CODES",
    "AxisChange",
    "Baseline",
    "Checkout",
    "Comparison",
    "Counterexample",
    "GateFile",
    "GoldenChange",
    "HardBreak",
    "Measured",
    "MetricKind",
    "MetricRule",
    "MetricVerdict",
    "Origin",
    "Pair",
    "PairKey",
    "Pairing",
    "Power",
    "Provenance",
    "Quarantined",
    "Rules",
    "Side",
    "Slice",
    "Verdict",
    "axis_changes",
    "baseline_of",
    "check_is_of_the_base",
    "compare",
    "decide",
    "expectation_changes",
    "git",
    "inside",
    "judge",
    "judge_here",
    "measure",
    "merge_base",
    "no_baseline",
    "noted",
    "pair_up",
    "parse_gate_file",
    "play",
    "read_baseline",
    "read_gate_file",
    "reference",
    "scenario_of_the_base",
    "side",
    "summary_of",
    "text_at",
    "write_approved",
    "write_baseline",
]
