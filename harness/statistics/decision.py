"""The three-way rule: a release may go out, may not, or the evidence does not say."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from harness.statistics.bounded import FloatArray
from harness.statistics.paired import WORST_DIFFERENCE, Estimate, p_above, p_below

CLUSTERS_MIN = 20

Verdict = Literal["PASS", "FAIL", "INCONCLUSIVE", "INSUFFICIENT"]


class Decision(msgspec.Struct, frozen=True):
    """What an estimate says; ``worse`` marks a PASS whose loss is real, yet smaller than the margin."""

    verdict: Verdict
    worse: bool = False


def decide(estimate: Estimate, clusters_min: int = CLUSTERS_MIN) -> Decision:
    """Return PASS where ``low >= -margin``, FAIL where ``low < -margin`` and ``high < 0``, else INCONCLUSIVE.

    INSUFFICIENT below ``clusters_min`` clusters, where no t-interval can be trusted.
    """
    if estimate.clusters < clusters_min:
        return Decision("INSUFFICIENT")
    within = np.asarray(estimate.p_within_margin)
    worse = np.asarray(estimate.p_worse)
    if _passes(within, estimate.alpha):
        return Decision("PASS", worse=bool(worse < estimate.alpha))
    return Decision("FAIL" if _fails(within, worse, estimate.alpha) else "INCONCLUSIVE")


def decide_many(
    differences: FloatArray, alpha: float, margin: float, worst: float = WORST_DIFFERENCE
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return who passes and who fails among many suites at once; shape (..., G) -> two of (...)."""
    within, worse = p_above(differences, -margin, worst), p_below(differences, 0.0)
    return _passes(within, alpha), _fails(within, worse, alpha)


def _passes(p_within_margin: FloatArray, alpha: float) -> NDArray[np.bool_]:
    return p_within_margin <= alpha


def _fails(p_within_margin: FloatArray, p_worse: FloatArray, alpha: float) -> NDArray[np.bool_]:
    return (p_within_margin > alpha) & (p_worse < alpha)
