"""One metric of two sides: paired, averaged inside clusters first, and held against its margin."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean

import msgspec

from harness.deciding.differences import (
    detectable,
    differences_of,
    grouped,
    margin_of,
    misfit,
    shown,
    spread_of,
    worst_of,
)
from harness.deciding.gate_file import MetricRule
from harness.deciding.measured_pairs import MeasuredPair, Values, values_of
from harness.deciding.verdict import MetricVerdict, Ruling
from harness.statistics import (
    Estimate,
    decide,
    estimate,
    p_mcnemar_worse,
    p_sign_flip,
    trials_to_pass,
    wilson_clustered,
)

TASKS_NAMED = 10
_RULINGS: Mapping[str, Ruling] = {
    "PASS": "pass",
    "FAIL": "fail",
    "INCONCLUSIVE": "inconclusive",
    "INSUFFICIENT": "insufficient",
}


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


def _numbers(rule: MetricRule, found: Estimate) -> dict[str, float | None]:
    ends = sorted((shown(rule, found.low), shown(rule, found.high)))
    low, high = (None if math.isinf(end) else end for end in ends)
    return {"difference": shown(rule, found.difference), "low": low, "high": high}


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


def _both_succeeded(rule: MetricRule, pairs: Sequence[MeasuredPair]) -> float | None:
    """Return the ratio over pairs in which both passed: who gives up early looks cheap otherwise."""
    if rule.kind != "ratio":
        return None
    values = values_of(rule, [pair for pair in pairs if pair.both_passed])
    before = sum(one.baseline for one in values)
    return sum(one.candidate for one in values) / before if before else None


def _lower_bound(values: Sequence[Values], alpha: float) -> float:
    """Return what the candidate's rate is at least, by Wilson's bound at one-sided level ``alpha``."""
    groups = grouped(values).values()
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
