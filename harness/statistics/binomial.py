"""Rates of one arm, zero counts, and two-by-two tables."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from scipy.special import bdtr, betaincinv, ndtri


class Interval(msgspec.Struct, frozen=True):
    """Both ends of an interval, inclusive."""

    low: float
    high: float


def wilson(successes: float, trials: float, alpha: float = 0.05) -> Interval:
    """Return the two-sided 1 - alpha interval of a rate; ``trials`` may be an effective, broken number.

    No trials say nothing: (0, 1). Source: E. Wilson, "Probable inference, the law of succession, and statistical
    inference" (1927).
    """
    if trials <= 0:
        return Interval(0.0, 1.0)
    rate, square = successes / trials, float(ndtri(1 - alpha / 2)) ** 2
    centre = (rate + square / (2 * trials)) / (1 + square / trials)
    reach = math.sqrt(square * (rate * (1 - rate) + square / (4 * trials)) / trials) / (1 + square / trials)
    return Interval(max(0.0, centre - reach), min(1.0, centre + reach))


def design_effect(successes: Sequence[float], trials: Sequence[float]) -> float:
    """Return by how much clustering inflates the variance of a rate, at least 1; one entry a cluster.

    Formula: G/(G-1) * sum of (c_g - p n_g)^2 / (n p (1-p)), the ratio of the linearised cluster variance to the
    binomial one. 1 below two clusters, or where the rate is 0 or 1. Source: L. Kish, "Survey sampling" (1965).
    """
    passed, tried = np.asarray(successes, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    total, clusters = float(tried.sum()), len(tried)
    rate = float(passed.sum()) / total if total else 0.0
    if clusters < 2 or rate in {0.0, 1.0}:  # noqa: PLR2004  # one cluster has no spread
        return 1.0
    square = float(((passed - rate * tried) ** 2).sum()) * clusters / (clusters - 1)
    return max(1.0, square / (total * rate * (1 - rate)))


def wilson_clustered(successes: Sequence[float], trials: Sequence[float], alpha: float = 0.05) -> Interval:
    """Return Wilson's interval for a rate over clusters: trials divided by their design effect; one entry a cluster."""
    effect = design_effect(successes, trials)
    return wilson(sum(successes) / effect, sum(trials) / effect, alpha)


def rate_at_most(events: int, trials: int, alpha: float = 0.05) -> float:
    """Return the upper bound on a rate at one-sided level ``alpha``; 1 - alpha**(1/n) for no event, about 3/n at .05.

    Source: C. Clopper and E. Pearson, "The use of confidence or fiducial limits" (1934).
    """
    return 1.0 if events >= trials else float(betaincinv(events + 1, trials - events, 1 - alpha))


def p_mcnemar(worse: int, better: int) -> float:
    """Return the exact two-sided p-value of McNemar's test on discordant pairs.

    Formula: min(1, 2 P(X <= min(worse, better))), X binomial(worse + better, 1/2). Source: Q. McNemar, "Note on the
    sampling error of the difference between correlated proportions" (1947), in its exact form.
    """
    return min(1.0, 2 * float(bdtr(min(worse, better), worse + better, 0.5)))


def p_mcnemar_worse(worse: int, better: int) -> float:
    """Return the exact one-sided p-value of "worse pairs are the more likely ones": P(X <= better)."""
    return float(bdtr(better, worse + better, 0.5))


def p_enriched(hits: int, drawn: int, hits_elsewhere: int, drawn_elsewhere: int) -> float:
    """Return Fisher's exact one-sided p-value of "hits are more frequent here than elsewhere".

    Formula: the hypergeometric tail P(X >= hits). Source: R. Fisher, "The design of experiments" (1935).
    """
    from scipy.stats import hypergeom  # noqa: PLC0415  # scipy.stats takes most of a second

    total, all_hits = drawn + drawn_elsewhere, hits + hits_elsewhere
    return min(1.0, float(hypergeom.sf(hits - 1, total, all_hits, drawn)))
