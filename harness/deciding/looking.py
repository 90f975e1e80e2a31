"""At which number of trials the gate looks, how much doubt each look may spend, and what more trials would tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from harness.deciding.differences import detectable, margin_of, misfit, spread_of, worst_of
from harness.deciding.gate_file import GateFile, MetricRule, Statistics
from harness.deciding.measured_pairs import MeasuredPair, values_of
from harness.deciding.pairs import PairKey
from harness.deciding.verdict import Power
from harness.statistics import LookPlan, breaks, look_alphas, pass_power

TIMES_MORE = (1, 2, 4)


class Look(NamedTuple):
    """One look at the trials: how many there are of each task and plan, and the one-sided level that it may spend.

    ``early`` means that the first planned look is still to come; ``next_trials`` is None after the last one.
    """

    trials: int
    alpha: float
    taken: tuple[int, ...] = ()
    early: bool = False
    next_trials: int | None = None


def look_of(shared: Iterable[PairKey], settings: Statistics) -> Look:
    """Return which look it is at the trials that both sides have, by the task and plan that has the fewest."""
    trials = min(Counter(key[:3] for key in shared).values(), default=0)
    if not settings.looks:
        return Look(trials, settings.alpha, (trials,))
    alphas = look_alphas(_plan(settings))
    taken = tuple(look for look in settings.looks if look <= trials)
    coming = [look for look in settings.looks if look > trials]
    alpha = alphas[max(0, len(taken) - 1)]
    return Look(trials, alpha, taken, early=not taken, next_trials=coming[0] if coming else None)


def single_look(shared: Iterable[PairKey], settings: Statistics) -> Look:
    """Return the one look that spends everything: for comparing, where nobody looks again."""
    return look_of(shared, settings.model_copy(update={"looks": ()}))


def _plan(settings: Statistics) -> LookPlan:
    return LookPlan(settings.looks, settings.alpha, settings.alpha_fail_fast)


def breakage(pairs: Sequence[MeasuredPair], gate: GateFile, look: Look) -> str | None:
    """Say how many trials broke where that is big breakage already before the first look, else return None."""
    rule = next((rule for rule in gate.metric if rule.name == "success" and rule.gate), None)
    if rule is None or rule.margin is None or not look.early:
        return None
    values = values_of(rule, pairs)
    worse = sum(one.candidate < one.baseline for one in values)
    better = sum(one.candidate > one.baseline for one in values)
    if not breaks(worse, better, len(values), _plan(gate.statistics), rule.margin):
        return None
    return f"{worse} of {len(values)} pairs of trials got worse, {better} better"


def power_table(gate: GateFile, pairs: Sequence[MeasuredPair], look: Look) -> tuple[Power, ...]:
    """Return, for each gated metric, the power to pass an equal candidate with more and more trials."""
    return tuple(one for rule in gate.metric if rule.gate for one in _powers(rule, pairs, look))


def _powers(rule: MetricRule, pairs: Sequence[MeasuredPair], look: Look) -> Iterator[Power]:
    values = values_of(rule, pairs)
    parts = spread_of(rule, values) if values and not misfit(rule, values) else None
    if parts is None:
        return
    clusters = len({one.cluster for one in values})
    for times in TIMES_MORE:
        spread = parts.spread(times * len(values) / clusters)
        yield Power(
            metric=rule.name,
            kind=rule.kind,
            trials=times * look.trials,
            clusters=clusters,
            power=pass_power(clusters, spread, margin_of(rule), look.alpha, worst=worst_of(rule)),
            detectable=detectable(rule, clusters, spread, look.alpha),
        )
