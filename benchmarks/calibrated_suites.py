"""Suites whose truth is known, and the gate's own rules played on them: what ``benchmarks.calibration`` counts.

Families of tasks are drawn anew for every repetition, their trials after that. Extra trials come as the plan says, the
alarm for big breakage may ring after every round of trials before the first look.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Literal, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from harness.statistics import (
    WORST_DIFFERENCE,
    LookPlan,
    breaks,
    decide_many,
    look_alphas,
    p_below,
    worst_log_ratio,
)

FloatArray = NDArray[np.float64]
SEED = 20_240_607
MARGINS = {20: 0.15, 50: 0.10, 100: 0.05, 200: 0.03}
RATIO_MARGIN = 1.10
CALLS_PER_TRIAL = 5
SPREAD_OF_COSTS = 0.5
SCATTERED, SCATTERED_SHARE = 0.2, 0.25
RARE_GAIN, RARE_GAIN_SHARE = 0.05, 0.95

Kind = Literal["rate", "mean", "ratio"]
Rule = Callable[[FloatArray, float, float, float], tuple[NDArray[np.bool_], NDArray[np.bool_]]]


class Family(msgspec.Struct, frozen=True):
    """A kind of metric and where the families of tasks lie: a beta distribution of rates (no matter to a ratio)."""

    name: str
    kind: Kind
    a: float = 1.0
    b: float = 1.0

    @property
    def mean(self) -> float:
        """Return the mean over families of tasks."""
        return self.a / (self.a + self.b)

    @property
    def worst(self) -> float:
        """Return the worst difference that one family of tasks can have."""
        return worst_log_ratio() if self.kind == "ratio" else WORST_DIFFERENCE


class Cell(msgspec.Struct, frozen=True):
    """One suite and one truth: ``loss`` is lost on average, by a ``share`` of the families alone.

    ``scattered``: the ``share`` loses that much, the others gain what makes the mean loss 0.
    """

    family: Family
    clusters: int
    margin: float
    loss: float = 0.0
    share: float = 1.0
    scattered: float = 0.0


class Outcome(msgspec.Struct, frozen=True):
    """What came out of the repetitions of a cell: shares, and the mean trials of a family that were used."""

    repetitions: int
    passed: float
    failed: float
    alarmed: float
    trials: float


RATES = (
    Family("rate, about .90", "rate", 9, 1),
    Family("rate, about .80, spread", "rate", 2, 0.5),
    Family("rate, about .98", "rate", 49, 1),
)
MEAN = Family("mean in [0, 1]", "mean", 9, 1)
RATIO = Family("ratio of costs", "ratio")
FAMILIES = (*RATES, MEAN, RATIO)


def cells() -> Iterator[Cell]:
    """Yield every cell: losses of exactly the margin by all, a quarter and few families, and truths without a loss."""
    for family in FAMILIES:
        for clusters, difference in MARGINS.items():
            margin = math.log(RATIO_MARGIN) if family.kind == "ratio" else difference
            for share in (1.0, 0.25, rarest_share(family, margin)):
                yield Cell(family, clusters, margin, loss=margin, share=share)
            yield Cell(family, clusters, margin)
            yield Cell(family, clusters, margin, share=SCATTERED_SHARE, scattered=SCATTERED)
    for clusters in (20, 50):
        yield Cell(RATES[0], clusters, 0.05, loss=0.05, share=0.1)


def rarest_share(family: Family, margin: float) -> float:
    """Return the fewest families that can lose the margin for all: a tenth, or what their worst loss allows."""
    return max(0.1, margin / (-family.worst if family.kind == "ratio" else family.mean))


def rare_gains() -> Iterator[Cell]:
    """Yield what lies outside of the promise: nearly every family loses a little, a few gain all there is to gain."""
    for clusters in (20, 50, 100):
        yield Cell(RATES[0], clusters, MARGINS[clusters], share=RARE_GAIN_SHARE, scattered=RARE_GAIN)


def t_alone(
    differences: FloatArray, alpha: float, margin: float, _worst: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return what the t-interval alone would say: the rule that the product does not have."""
    passes = p_below(-differences, margin) <= alpha
    return passes, ~passes & (p_below(differences, 0.0) < alpha)


def play(cell: Cell, plan: LookPlan, repetitions: int, seed: int, rule: Rule = decide_many) -> Outcome:
    """Play a cell as the gate would: rounds of trials, the alarm, the looks; the first verdict stays."""
    rng = np.random.default_rng((SEED, seed))
    baseline, candidate = draw_truth(rng, cell, repetitions)
    sums = np.zeros((2, repetitions, cell.clusters))
    alarmed, rounds = fail_fast(rng, cell, plan, (baseline, candidate), sums)
    passed, failed, used = np.zeros(repetitions, dtype=np.bool_), alarmed.copy(), rounds.astype(np.float64)
    done = plan.trials[0]
    for trials, alpha in zip(plan.trials, look_alphas(plan), strict=True):
        if trials > done:
            sums += more_trials(rng, cell.family, (baseline, candidate), trials - done)
            done = trials
        undecided = ~(passed | failed)
        used[undecided] = trials
        says = rule(differences(cell.family, sums[:, undecided], trials), alpha, cell.margin, cell.family.worst)
        passed[undecided], failed[undecided] = says
    return Outcome(repetitions, float(passed.mean()), float(failed.mean()), float(alarmed.mean()), float(used.mean()))


def draw_truth(rng: np.random.Generator, cell: Cell, repetitions: int) -> tuple[FloatArray, FloatArray]:
    """Return what is true of every family under both arms: rates, or means of costs."""
    shape = (repetitions, cell.clusters)
    hit = rng.random(shape) < cell.share
    gains = ~hit * (cell.scattered * cell.share / (1 - cell.share) if cell.scattered else 0.0)
    losses = hit * (cell.scattered or cell.loss / cell.share)
    if cell.family.kind == "ratio":
        return np.exp(gains), np.exp(losses)
    best = rng.beta(cell.family.a, cell.family.b, shape)
    return best * (1 - gains), best * (1 - (losses if cell.scattered else losses / cell.family.mean))


def fail_fast(
    rng: np.random.Generator,
    cell: Cell,
    plan: LookPlan,
    truth: tuple[FloatArray, FloatArray],
    sums: FloatArray,
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Play the trials up to the first look round by round into ``sums``; return where the alarm rang, and when."""
    rang = np.zeros(sums.shape[1], dtype=np.bool_)
    when = np.full(sums.shape[1], plan.trials[0])
    if cell.family.kind != "rate" or plan.alpha_fail_fast == 0:
        sums += more_trials(rng, cell.family, truth, plan.trials[0])
        return rang, when
    worse, better = np.zeros(sums.shape[1]), np.zeros(sums.shape[1])
    for played in range(1, plan.trials[0] + 1):
        pair = more_trials(rng, cell.family, truth, 1)
        sums += pair
        worse += (pair[1] < pair[0]).sum(axis=-1)
        better += (pair[1] > pair[0]).sum(axis=-1)
        rings = breaks(worse, better, played * cell.clusters, plan, cell.margin) & ~rang
        when[rings] = played
        rang |= rings
    return rang, when


def more_trials(
    rng: np.random.Generator, family: Family, truth: tuple[FloatArray, FloatArray], trials: int
) -> FloatArray:
    """Return the sums of more trials of every family, for both arms; shape (2, repetitions, clusters)."""
    draw: dict[Kind, Callable[[FloatArray], FloatArray]] = {
        "rate": lambda true: rng.binomial(trials, true).astype(np.float64),
        "mean": lambda true: rng.binomial(CALLS_PER_TRIAL * trials, true) / CALLS_PER_TRIAL,
        "ratio": lambda true: true * sum(rng.lognormal(0.0, SPREAD_OF_COSTS, true.shape) for _ in range(trials)),
    }
    return np.stack([draw[family.kind](true) for true in truth])


def differences(family: Family, sums: FloatArray, trials: int) -> FloatArray:
    """Return the differences of families, + is better, from the sums of both arms."""
    baseline, candidate = sums
    return cast(FloatArray, np.log(baseline / candidate) if family.kind == "ratio" else (candidate - baseline) / trials)


def true_spread(cell: Cell, trials: int) -> float:
    """Return the standard deviation of family differences where all lose alike, from the moments of the families."""
    if cell.family.kind == "ratio":
        return math.sqrt(2 * math.expm1(SPREAD_OF_COSTS**2) / trials)
    a, b, mean = cell.family.a, cell.family.b, cell.family.mean
    variance, lost = mean * (1 - mean) / (a + b + 1), cell.loss / mean
    draws = trials * (CALLS_PER_TRIAL if cell.family.kind == "mean" else 1)
    square = mean**2 + variance
    noise = (mean - square) + ((1 - lost) * mean - (1 - lost) ** 2 * square)
    return math.sqrt(noise / draws + lost**2 * variance)
