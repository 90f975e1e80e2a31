"""From values of pairs to differences of clusters, + is better, and back to what people read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from harness.deciding.gate_file import MetricRule
from harness.deciding.measured_pairs import Values
from harness.statistics import (
    SpreadParts,
    as_ratio,
    log_ratios,
    minimum_detectable_effect,
    spread_parts,
    worst_log_ratio,
)

WORST_RATIO = 2.0
NO_SPREAD = 1e-9  # what rounding makes of equal differences
FloatArray = NDArray[np.float64]


def differences_of(rule: MetricRule, values: Sequence[Values]) -> FloatArray:
    """Return the difference of every cluster, + is better, in logarithms for ratios; shape (clusters,).

    The values must be such as ``misfit`` has nothing to say about.
    """
    means = _means(values).values()
    before, after = np.array([one for one, _ in means]), np.array([one for _, one in means])
    if rule.kind == "ratio":
        return log_ratios(before, after, lower_is_better=rule.better == "lower")
    differences: FloatArray = after - before
    return differences if rule.better == "higher" else -differences


def grouped(values: Sequence[Values]) -> dict[str, list[Values]]:
    """Return the values of each cluster."""
    groups: dict[str, list[Values]] = {}
    for one in values:
        groups.setdefault(one.cluster, []).append(one)
    return groups


def _means(values: Sequence[Values]) -> dict[str, tuple[float, float]]:
    """Return the means of every cluster, before and after."""
    return {
        cluster: (fmean(one.baseline for one in group), fmean(one.candidate for one in group))
        for cluster, group in grouped(values).items()
    }


def misfit(rule: MetricRule, values: Sequence[Values]) -> str | None:
    """Say why these values can not be compared as the rule wants it, and what to do; None where they can."""
    if rule.kind == "ratio":
        for cluster, (before, after) in _means(values).items():
            if before <= 0 or after <= 0:
                return (
                    f"metric {rule.name}: no ratio can be made in {cluster}: {before:g} on the baseline's side, "
                    f"{after:g} on the candidate's; let it be of kind mean in the gate file"
                )
        return None
    found = [number for one in values for number in (one.baseline, one.candidate)]
    beyond = next((number for number in found if not 0 <= round(number, 9) <= 1), None)
    if beyond is None or (rule.kind == "mean" and rule.worst is not None):
        return None
    if rule.kind == "rate":
        return f"metric {rule.name}: is no rate, since one value is {beyond:g}; let it be of kind mean or ratio"
    return f"metric {rule.name}: one value is {beyond:g}; add worst to it: how much a family can lose at most"


def margin_of(rule: MetricRule) -> float:
    """Return the margin in the unit of oriented differences."""
    if rule.margin is None:
        return 0.0
    return math.log(rule.margin) if rule.kind == "ratio" else rule.margin


def worst_of(rule: MetricRule) -> float:
    """Return the lowest oriented difference that one cluster is reckoned with."""
    if rule.kind == "ratio":
        return worst_log_ratio(max(rule.worst or WORST_RATIO, (rule.margin or 1.0) ** 2))
    return -(rule.worst or 1.0)


def shown(rule: MetricRule, oriented: float) -> float:
    """Return an oriented difference as people read it: candidate - baseline, or candidate / baseline."""
    if rule.kind == "ratio":
        return as_ratio(oriented if rule.better == "lower" else -oriented)
    return oriented if rule.better == "higher" else -oriented


def detectable(rule: MetricRule, clusters: int, spread: float | None, alpha: float) -> float | None:
    """Return the smallest loss that would show: an absolute one, or how many times worse; null without a spread."""
    if not spread or spread < NO_SPREAD:
        return None
    effect = minimum_detectable_effect(clusters, spread, alpha)
    return math.exp(effect) if rule.kind == "ratio" else effect


def spread_of(rule: MetricRule, values: Sequence[Values]) -> SpreadParts | None:
    """Return where the spread of the clusters' differences comes from; null where no cluster has two pairs."""
    return spread_parts([_pair_differences(rule, group) for group in grouped(values).values()])


def _pair_differences(rule: MetricRule, group: Sequence[Values]) -> FloatArray:
    if rule.kind != "ratio":
        return np.array([one.candidate - one.baseline for one in group])
    # The logarithm of a ratio of means moves, for small changes, as each value's share of the mean does.
    before, after = fmean(one.baseline for one in group), fmean(one.candidate for one in group)
    return np.array([one.candidate / after - one.baseline / before for one in group]) + math.log(after / before)
