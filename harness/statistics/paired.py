"""Baseline and candidate on the same clusters: difference, interval, p-values.

Everything is oriented so that + is better. The unit is the cluster (the task family); trials are averaged inside it
first, because trials of one family are no independent evidence.
"""

from __future__ import annotations

import math
from typing import cast

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from harness.statistics.bounded import FloatArray, lowest_mean, p_bounded

WORST_DIFFERENCE = -1.0
WORST_RATIO = 2.0
_EXACT_CLUSTERS_MAX = 13
_ROUNDING = 1e-12


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """A paired difference over clusters, + is better.

    ``spread`` is the standard deviation of the cluster differences (null below two clusters), ``low`` and ``high`` the
    interval at one-sided level ``alpha`` on each side, ``discordant`` how many clusters differ at all.
    ``p_within_margin`` is the p-value of "loses less than ``margin``", ``p_worse`` that of "loses at all".
    """

    clusters: int
    discordant: int
    difference: float
    spread: float | None
    standard_error: float | None
    low: float
    high: float
    alpha: float
    margin: float
    worst: float
    p_within_margin: float
    p_worse: float
    p_better: float


def estimate(differences: FloatArray, alpha: float, margin: float = 0.0, worst: float = WORST_DIFFERENCE) -> Estimate:
    """Return the mean difference of clusters with its interval; shape (G,), G >= 1.

    ``high`` is the end of the paired t-interval with G - 1 degrees of freedom. ``low`` is the lower of two: the other
    end of the t-interval, and what clusters that can lose as much as ``worst`` still allow (``bounded``). The second
    one keeps few or equal clusters from looking certain. Source: E. Miller, "Adding error bars to evals" (2024), for
    clustered, paired differences.
    """
    clusters = len(differences)
    mean = float(differences.mean())
    spread = float(differences.std(ddof=1)) if clusters > 1 else None
    error = None if spread is None else spread / math.sqrt(clusters)
    reach = math.inf if error is None else error * float(stdtrit(clusters - 1, 1 - alpha))
    return Estimate(
        clusters=clusters,
        discordant=int(np.count_nonzero(np.abs(differences) > _ROUNDING)),
        difference=mean,
        spread=spread,
        standard_error=error,
        low=min(mean - reach, lowest_mean(differences, alpha, worst)),
        high=mean + reach,
        alpha=alpha,
        margin=margin,
        worst=worst,
        p_within_margin=float(p_above(differences, -margin, worst)),
        p_worse=float(p_below(differences, 0.0)),
        p_better=float(p_above(differences, 0.0, worst)),
    )


def p_above(differences: FloatArray, null: float, worst: float = WORST_DIFFERENCE) -> FloatArray:
    """Return the one-sided p-value of "the mean difference lies above ``null``"; shape (..., G) -> (...).

    The larger of the paired t test's and the bounded mean's, so that it is at most alpha exactly when ``low`` of the
    estimate at that alpha is at least ``null``.
    """
    p = np.asarray(p_below(-differences, -null))
    near = p < 0.5  # noqa: PLR2004  # beyond it neither can decide anything; saves the costly one
    bounded = np.zeros(p.shape)
    bounded[near] = p_bounded(differences[near], null, worst)
    return cast(FloatArray, np.maximum(p, bounded))


def p_below(differences: FloatArray, null: float) -> FloatArray:
    """Return the one-sided p-value of the paired t test for "the mean lies below ``null``"; shape (..., G) -> (...)."""
    clusters = differences.shape[-1]
    if clusters < 2:  # noqa: PLR2004  # one cluster has no spread
        return np.ones(differences.shape[:-1])
    error = differences.std(axis=-1, ddof=1) / math.sqrt(clusters)
    gap = differences.mean(axis=-1) - null
    with np.errstate(divide="ignore", invalid="ignore"):
        p = stdtr(clusters - 1, gap / error)
    return cast(FloatArray, np.where(np.isnan(p), 1.0, p))


def log_ratios(baseline: FloatArray, candidate: FloatArray, *, lower_is_better: bool = True) -> FloatArray:
    """Return ln(baseline / candidate) of cluster means, so that + is better where lower is; means must be above 0.

    A margin as a ratio (1.10: ten percent more) becomes ``ln(1.10)``; the worst ratio likewise (``worst_log_ratio``).
    """
    ratios = np.log(baseline) - np.log(candidate)
    return cast(FloatArray, ratios if lower_is_better else -ratios)


def worst_log_ratio(ratio: float = WORST_RATIO) -> float:
    """Return the ``worst`` of a ratio metric: no cluster's mean is taken to grow by more than ``ratio`` unseen."""
    return -math.log(ratio)


def as_ratio(log_difference: float) -> float:
    """Return candidate / baseline for a difference from ``log_ratios`` where lower is better."""
    return math.exp(-log_difference)


def p_sign_flip(differences: FloatArray, seed: int = 20_240_607, resamples: int = 9_999) -> float:
    """Return the one-sided sign-flip p-value of "the mean difference lies below 0"; shape (G,).

    All 2**G signs where G is at most 13, else random ones counted as (hits + 1) / (resamples + 1).
    Exact when a cluster's difference is as likely to have either sign. Source: E. Edgington, "Randomization tests"
    (1980).
    """
    clusters = len(differences)
    observed = float(differences.sum()) + _ROUNDING
    if clusters <= _EXACT_CLUSTERS_MAX:
        return float(np.mean(_all_signs(clusters) @ differences <= observed))
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], size=(resamples, clusters))
    return float((np.count_nonzero(signs @ differences <= observed) + 1) / (resamples + 1))


def _all_signs(clusters: int) -> NDArray[np.float64]:
    bits = (np.arange(2**clusters)[:, None] >> np.arange(clusters)) & 1
    return cast(FloatArray, 1.0 - 2.0 * bits)
