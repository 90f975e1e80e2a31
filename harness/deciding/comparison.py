"""One metric of two sides: paired, averaged inside clusters first, and held against its margin."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from harness.deciding.gate_file import MetricRule
from harness.deciding.measured import Measured, Measurement
from harness.deciding.verdict import MetricVerdict, Ruling
from harness.statistics import (
    Estimate,
    SpreadParts,
    as_ratio,
    decide,
    estimate,
    log_ratios,
    minimum_detectable_effect,
    p_mcnemar_worse,
    p_sign_flip,
    pass_hat_k,
    spread_parts,
    trials_to_pass,
    wilson_clustered,
    worst_log_ratio,
)

TASKS_NAMED = 10
WORST_RATIO = 2.0
NO_SPREAD = 1e-9  # what rounding makes of equal differences
FloatArray = NDArray[np.float64]
_RULINGS: Mapping[str, Ruling] = {
    "PASS": "pass",
    "FAIL": "fail",
    "INCONCLUSIVE": "inconclusive",
    "INSUFFICIENT": "insufficient",
}


class MeasuredPair(NamedTuple):
    """The same trial on both sides."""

    baseline: Measurement
    candidate: Measurement

    @property
    def cluster(self) -> str:
        """The family of the task."""
        return self.candidate.cluster

    @property
    def both_passed(self) -> bool:
        """Whether both trials passed."""
        return self.baseline.passed is True and self.candidate.passed is True


class Values(NamedTuple):
    """One metric of one pair, or of all pairs of a task and plan together."""

    cluster: str
    where: str
    baseline: float
    candidate: float


def paired(baseline: Measured, candidate: Measured) -> list[MeasuredPair]:
    """Return all trials that both sides played to the end, in the candidate's order."""
    both = (MeasuredPair(baseline.trials[key], one) for key, one in candidate.trials.items() if key in baseline.trials)
    return [pair for pair in both if pair.baseline.passed is not None and pair.candidate.passed is not None]


def values_of(rule: MetricRule, pairs: Sequence[MeasuredPair]) -> list[Values]:
    """Return the values of a metric where both sides have one."""
    if rule.pass_hat is not None:
        return list(_chances(rule.pass_hat, pairs))
    return [
        Values(pair.cluster, pair.candidate.key.task_id, before, after)
        for pair in pairs
        if (before := pair.baseline.values.get(rule.name)) is not None
        and (after := pair.candidate.values.get(rule.name)) is not None
    ]


def lost_values(rule: MetricRule, pairs: Sequence[MeasuredPair]) -> int:
    """Return in how many pairs the baseline alone has a value."""
    values = [(pair.baseline.values.get(rule.name), pair.candidate.values.get(rule.name)) for pair in pairs]
    return sum(before is not None and after is None for before, after in values)


def _chances(k: int, pairs: Sequence[MeasuredPair]) -> Iterator[Values]:
    """Yield pass^k of every task and plan that has k trials."""
    for group in by_cell(pairs).values():
        before = pass_hat_k(len(group), sum(pair.baseline.passed is True for pair in group), k)
        after = pass_hat_k(len(group), sum(pair.candidate.passed is True for pair in group), k)
        if before is not None and after is not None:
            yield Values(group[0].cluster, group[0].candidate.key.task_id, before, after)


def by_cell(pairs: Sequence[MeasuredPair]) -> dict[tuple[str, str, str], list[MeasuredPair]]:
    """Return the pairs of each scenario, task and fault plan."""
    cells: dict[tuple[str, str, str], list[MeasuredPair]] = {}
    for pair in pairs:
        key = pair.candidate.key
        cells.setdefault((key.scenario, key.task_id, key.fault_plan_id), []).append(pair)
    return cells


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


def _grouped(values: Sequence[Values]) -> dict[str, list[Values]]:
    groups: dict[str, list[Values]] = {}
    for one in values:
        groups.setdefault(one.cluster, []).append(one)
    return groups


def _means(values: Sequence[Values]) -> dict[str, tuple[float, float]]:
    """Return the means of every cluster, before and after."""
    return {
        cluster: (fmean(one.baseline for one in group), fmean(one.candidate for one in group))
        for cluster, group in _grouped(values).items()
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


def compare_metric(
    rule: MetricRule, pairs: Sequence[MeasuredPair], alpha: float, min_clusters: int, trials: int
) -> MetricVerdict:
    """Hold one metric against its margin at one-sided level ``alpha``; ``trials`` are those of each task and plan."""
    values = values_of(rule, pairs)
    if not values:
        reason = f"{rule.name} was measured in no pair of trials"
        return _verdict(rule, values, "insufficient", reason)
    if problem := misfit(rule, values):
        return _verdict(rule, values, "insufficient", problem)
    differences = differences_of(rule, values)
    found = estimate(differences, alpha, margin_of(rule), worst_of(rule))
    decision = decide(found, min_clusters)
    ruling: Ruling = "pass_worse" if decision.worse else _RULINGS[decision.verdict]
    return msgspec.structs.replace(
        _verdict(rule, values, ruling, _reason(rule, found, ruling, min_clusters)),
        **_numbers(rule, found),
        level=1 - 2 * alpha,
        p_worse=found.p_worse,
        p_sign_flip=p_sign_flip(differences),
        p_mcnemar=_p_mcnemar(rule, values),
        detectable=detectable(rule, found.clusters, found.spread, alpha),
        more_trials=_more_trials(rule, values, found, alpha, trials) if ruling == "inconclusive" else None,
        both_succeeded=_both_succeeded(rule, pairs),
        candidate_low=None if rule.floor is None else _lower_bound(values, alpha),
    )


def _p_mcnemar(rule: MetricRule, values: Sequence[Values]) -> float | None:
    """Return the exact one-sided test over single trials, which takes them all for independent; rates only."""
    if rule.kind != "rate" or rule.pass_hat is not None:
        return None
    gains = [(one.candidate - one.baseline) * (1 if rule.better == "higher" else -1) for one in values]
    return p_mcnemar_worse(sum(gain < 0 for gain in gains), sum(gain > 0 for gain in gains))


def _verdict(rule: MetricRule, values: Sequence[Values], ruling: Ruling, reason: str) -> MetricVerdict:
    worse, better = _moved(rule, values)
    return MetricVerdict(
        name=rule.name,
        kind=rule.kind,
        better=rule.better,
        margin=rule.margin,
        gated=rule.gate,
        pairs=len(values),
        clusters=len({one.cluster for one in values}),
        ruling=ruling,
        reason=reason,
        baseline=fmean(one.baseline for one in values) if values else None,
        candidate=fmean(one.candidate for one in values) if values else None,
        floor=rule.floor,
        worse=worse,
        better_tasks=better,
    )


def shown(rule: MetricRule, oriented: float) -> float:
    """Return an oriented difference as people read it: candidate - baseline, or candidate / baseline."""
    if rule.kind == "ratio":
        return as_ratio(oriented if rule.better == "lower" else -oriented)
    return oriented if rule.better == "higher" else -oriented


def _numbers(rule: MetricRule, found: Estimate) -> dict[str, float | None]:
    ends = sorted((shown(rule, found.low), shown(rule, found.high)))
    low, high = (None if math.isinf(end) else end for end in ends)
    return {"difference": shown(rule, found.difference), "low": low, "high": high}


def detectable(rule: MetricRule, clusters: int, spread: float | None, alpha: float) -> float | None:
    """Return the smallest loss that would show: an absolute one, or how many times worse; null without a spread."""
    if not spread or spread < NO_SPREAD:
        return None
    effect = minimum_detectable_effect(clusters, spread, alpha)
    return math.exp(effect) if rule.kind == "ratio" else effect


def _more_trials(rule: MetricRule, values: Sequence[Values], found: Estimate, alpha: float, trials: int) -> int | None:
    """Return how many more trials for each task and plan an equal candidate needs; null where no number is enough."""
    parts = spread_of(rule, values)
    if parts is None:
        return None
    needed = trials_to_pass(found.clusters, parts, margin_of(rule), alpha, worst=worst_of(rule))
    if needed is None:
        return None
    each = len(values) / found.clusters
    return max(1, math.ceil(trials * (needed / each - 1)))


def spread_of(rule: MetricRule, values: Sequence[Values]) -> SpreadParts | None:
    """Return where the spread of the clusters' differences comes from; null where no cluster has two pairs."""
    return spread_parts([_pair_differences(rule, group) for group in _grouped(values).values()])


def _pair_differences(rule: MetricRule, group: Sequence[Values]) -> FloatArray:
    if rule.kind != "ratio":
        return np.array([one.candidate - one.baseline for one in group])
    # The logarithm of a ratio of means moves, for small changes, as each value's share of the mean does.
    before, after = fmean(one.baseline for one in group), fmean(one.candidate for one in group)
    return np.array([one.candidate / after - one.baseline / before for one in group]) + math.log(after / before)


def _both_succeeded(rule: MetricRule, pairs: Sequence[MeasuredPair]) -> float | None:
    """Return the ratio over pairs in which both passed: who gives up early looks cheap otherwise."""
    if rule.kind != "ratio":
        return None
    values = values_of(rule, [pair for pair in pairs if pair.both_passed])
    before = sum(one.baseline for one in values)
    return sum(one.candidate for one in values) / before if before else None


def _lower_bound(values: Sequence[Values], alpha: float) -> float:
    """Return what the candidate's rate is at least, by Wilson's bound at one-sided level ``alpha``."""
    groups = _grouped(values).values()
    sums = [sum(one.candidate for one in group) for group in groups]
    return wilson_clustered(sums, [float(len(group)) for group in groups], 2 * alpha).low


def _reason(rule: MetricRule, found: Estimate, ruling: Ruling, min_clusters: int) -> str:
    words = f"{rule.name}: {_change(rule, found)}"
    if ruling == "insufficient":
        return f"{words}, over {found.clusters} clusters; fewer than {min_clusters} say nothing"
    if ruling == "pass":
        return f"{words}; {_at_worst(rule, found)}, which the margin of {_allowed(rule)} allows"
    if ruling == "pass_worse":
        return f"{words}; a real loss, yet within the margin of {_allowed(rule)}"
    if ruling == "fail":
        return f"{words}; worse beyond doubt, and {_at_worst(rule, found)}, beyond the margin of {_allowed(rule)}"
    return f"{words}; {_at_worst(rule, found)} can not be ruled out, beyond the margin of {_allowed(rule)}"


def _change(rule: MetricRule, found: Estimate) -> str:
    value = shown(rule, found.difference)
    return f"{value:.3f} times the baseline's" if rule.kind == "ratio" else f"{value:+.4g}"


def _at_worst(rule: MetricRule, found: Estimate) -> str:
    if math.isinf(found.low):
        return "any loss"
    value = shown(rule, found.low)
    return f"{value:.3f} times at worst" if rule.kind == "ratio" else f"{value:+.4g} at worst"


def _allowed(rule: MetricRule) -> str:
    return "0" if rule.margin is None else f"{rule.margin:g}"


def _moved(rule: MetricRule, values: Sequence[Values]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Name the tasks that got worse and those that got better, the most first, with their means before and after."""
    tasks: dict[str, list[Values]] = {}
    for one in values:
        tasks.setdefault(one.where, []).append(one)
    means = {
        task: (fmean(one.baseline for one in group), fmean(one.candidate for one in group))
        for task, group in tasks.items()
    }
    sign = 1 if rule.better == "higher" else -1
    gains = {task: sign * (after - before) for task, (before, after) in means.items()}
    worse = sorted((task for task in gains if gains[task] < 0), key=lambda task: (gains[task], task))
    better = sorted((task for task in gains if gains[task] > 0), key=lambda task: (-gains[task], task))

    def named(task: str) -> str:
        before, after = means[task]
        return f"{task}: {before:.4g} to {after:.4g}"

    return tuple(map(named, worse[:TASKS_NAMED])), tuple(map(named, better[:TASKS_NAMED]))
