"""Deciding: two sides compared on equal trials, and one verdict on whether the candidate may ship.

What comes in: results folders and the gate file. Nothing in here judges a single trial; that is scoring.
"""

from harness.deciding.pairs import Pair, Pairing, PairKey, Side, pair_up, side
from harness.deciding.verdict import (
    EXIT_CODES,
    Counterexample,
    GoldenChange,
    HardBreak,
    MetricVerdict,
    Power,
    Provenance,
    Quarantined,
    Slice,
    Verdict,
)

__all__ = [
    "EXIT_CODES",
    "Counterexample",
    "GoldenChange",
    "HardBreak",
    "MetricVerdict",
    "Pair",
    "PairKey",
    "Pairing",
    "Power",
    "Provenance",
    "Quarantined",
    "Side",
    "Slice",
    "Verdict",
    "pair_up",
    "side",
]
