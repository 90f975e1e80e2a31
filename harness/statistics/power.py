"""What a suite can tell: power, the smallest loss it would notice, and what it lacks for a PASS."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from scipy.special import gammaincinv, nctdtr, nctdtrinc, ndtr, ndtri, stdtrit

from harness.statistics.bounded import FloatArray
from harness.statistics.paired import WORST_DIFFERENCE, p_above

POWER = 0.8
FAR_BEYOND = 30.0  # standard errors
CLUSTERS_MAX = 2_000
TRIALS_MAX = 1_024
_BISECTIONS = 24
_QUANTILES = (np.arange(9) + 0.5) / 9


class SpreadParts(msgspec.Struct, frozen=True):
    """Where the spread of cluster differences comes from, both as standard deviations.

    ``between``: of the clusters' true differences, which no trial shrinks. ``within``: of one trial pair in a cluster.
    """

    between: float
    within: float

    def spread(self, trials: float) -> float:
        """Return the standard deviation of cluster differences at so many trial pairs a cluster."""
        return math.hypot(self.between, self.within / math.sqrt(trials))


def spread_parts(clusters: Sequence[FloatArray]) -> SpreadParts | None:
    """Split the spread of clusters of trial-pair differences by the method of moments.

    Null below two clusters, or where no cluster has two trial pairs. Shape: one array of pair differences a cluster.
    """
    repeated = [pairs for pairs in clusters if len(pairs) > 1]
    if len(clusters) < 2 or not repeated:  # noqa: PLR2004  # one cluster has no spread
        return None
    freedom = sum(len(pairs) - 1 for pairs in repeated)
    within = sum(float(((pairs - pairs.mean()) ** 2).sum()) for pairs in repeated) / freedom
    noise = within * float(np.mean([1 / len(pairs) for pairs in clusters]))
    spread = float(np.var([pairs.mean() for pairs in clusters], ddof=1))
    return SpreadParts(between=math.sqrt(max(0.0, spread - noise)), within=math.sqrt(within))


def clusters_to_detect(
    effect: float,
    between: float,
    arms: Sequence[tuple[float, int]],
    alpha: float = 0.05,
    power: float = POWER,
) -> int:
    """Return how many clusters a paired, one-sided z test needs to see ``effect``; arms are (sd within, trials).

    Formula: n = (z_alpha + z_beta)^2 (w^2 + sA^2/KA + sB^2/KB) / d^2, rounded up. Source: E. Miller, "Adding error bars
    to evals" (2024), where w is the standard deviation between clusters.
    """
    variance = between**2 + sum(within**2 / trials for within, trials in arms)
    return math.ceil((float(ndtri(1 - alpha)) + float(ndtri(power))) ** 2 * variance / effect**2)


def t_power(clusters: int, spread: float, effect: float, alpha: float = 0.05) -> float:
    """Return the power of the one-sided paired t test for a true ``effect`` > 0 (noncentral t)."""
    critical, noncentrality = float(stdtrit(clusters - 1, 1 - alpha)), effect / _error(clusters, spread)
    if noncentrality - critical > FAR_BEYOND:
        return 1.0  # the tail can not be computed so far out, and is nothing
    return 1 - float(nctdtr(clusters - 1, noncentrality, critical))


def minimum_detectable_effect(clusters: int, spread: float, alpha: float = 0.05, power: float = POWER) -> float:
    """Return the smallest true loss whose paired t test has ``power`` (noncentral t); + whatever the direction."""
    critical = float(stdtrit(clusters - 1, 1 - alpha))
    return float(nctdtrinc(clusters - 1, 1 - power, critical)) * _error(clusters, spread)


def pass_power(
    clusters: int,
    spread: float,
    margin: float,
    alpha: float = 0.05,
    *,
    difference: float = 0.0,
    worst: float = WORST_DIFFERENCE,
) -> float:
    """Return P(PASS) of one look for a true ``difference``.

    Formula: the mean over observed spreads s of P(mean > m(s)), the mean normal around ``difference``, s as chi-square
    has it, m(s) the mean at which a normal-shaped sample of spread s just passes.
    """
    observed = spread * np.sqrt(2 * gammaincinv((clusters - 1) / 2, _QUANTILES) / (clusters - 1))
    gaps = difference - _passing_means(clusters, observed, margin, alpha, worst)
    return float(ndtr(gaps / _error(clusters, spread)).mean())


def clusters_to_pass(
    spread: float,
    margin: float,
    alpha: float = 0.05,
    power: float = POWER,
    worst: float = WORST_DIFFERENCE,
) -> int | None:
    """Return how many clusters of this spread an unchanged candidate needs for a PASS; null above 2,000."""
    return _first(2, CLUSTERS_MAX, lambda clusters: pass_power(clusters, spread, margin, alpha, worst=worst) >= power)


def trials_to_pass(
    clusters: int,
    parts: SpreadParts,
    margin: float,
    alpha: float = 0.05,
    power: float = POWER,
    worst: float = WORST_DIFFERENCE,
) -> int | None:
    """Return how many trial pairs a cluster an unchanged candidate needs to PASS with ``power``.

    Null where even 1024 are too few: more trials shrink what is ``within``, only more clusters shrink the rest.
    """
    return _first(
        1, TRIALS_MAX, lambda trials: pass_power(clusters, parts.spread(trials), margin, alpha, worst=worst) >= power
    )


def identical_bound(clusters: int, alpha: float = 0.05, worst: float = WORST_DIFFERENCE) -> float:
    """Return how low the true difference can lie when no cluster differs: worst * (1 - alpha**(1/G))."""
    return worst * (1 - math.pow(alpha, 1 / clusters))


def clusters_when_identical(margin: float, alpha: float = 0.05, worst: float = WORST_DIFFERENCE) -> int | None:
    """Return how many clusters must not differ until the margin is shown: 59 for .05, 99 for .03; null for margin 0."""
    if margin <= 0:
        return None
    return 1 if margin >= -worst else math.ceil(math.log(alpha) / math.log1p(margin / worst))


def _error(clusters: int, spread: float) -> float:
    return max(spread, 1e-9) / math.sqrt(clusters)


def _passing_means(clusters: int, spreads: FloatArray, margin: float, alpha: float, worst: float) -> FloatArray:
    """Return the means at which clusters at normal quantiles, scaled to each spread, just pass."""
    shape = ndtri((np.arange(clusters) + 0.5) / clusters)
    samples = spreads[:, None] * shape / shape.std(ddof=1)
    low, high = np.full(len(spreads), -margin), np.full(len(spreads), -worst)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        passed = p_above(samples + middle[:, None], -margin, worst) <= alpha
        low, high = np.where(passed, low, middle), np.where(passed, middle, high)
    return high


def _first(low: int, high: int, enough: Callable[[int], bool]) -> int | None:
    """Return the smallest whole number from low to high that is enough, or null; more never is less."""
    top = low
    while not enough(top):
        if top == high:
            return None
        low, top = top + 1, min(2 * top, high)
    high = top
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return low
