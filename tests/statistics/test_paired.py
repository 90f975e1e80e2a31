"""Differences of clusters, against scipy, closed forms and enumeration."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import binomtest, ttest_1samp, ttest_rel

from harness.statistics import WORST_DIFFERENCE, as_ratio, estimate, log_ratios, p_below, p_sign_flip, worst_log_ratio
from harness.statistics.bounded import lowest_mean, p_bounded

CLOSE = 1e-9
RATES = st.integers(0, 16).map(lambda passed: passed / 16)
PAIRS = st.lists(st.tuples(RATES, RATES), min_size=2, max_size=60)
DIFFERENCES = st.lists(st.floats(-1, 1).map(lambda one: round(one, 3)), min_size=2, max_size=60)


@given(PAIRS, st.floats(0.001, 0.2))
def test_the_interval_ends_above_where_the_paired_t_test_of_scipy_does(
    pairs: list[tuple[float, float]], alpha: float
) -> None:
    baseline, candidate = np.array(pairs).T
    differences = candidate - baseline
    assume(differences.std() > 1e-6)
    told = ttest_rel(candidate, baseline)
    low, high = told.confidence_interval(1 - 2 * alpha)
    estimated = estimate(differences, alpha)
    assert estimated.high == pytest.approx(high, abs=CLOSE)
    assert estimated.low <= low + CLOSE
    assert estimated.p_worse == pytest.approx(ttest_rel(candidate, baseline, alternative="less").pvalue, abs=CLOSE)


@given(DIFFERENCES, st.floats(-0.5, 0.5))
def test_p_below_is_that_of_scipy(drawn: list[float], null: float) -> None:
    differences = np.array(drawn)
    assume(differences.std() > 1e-6)
    oracle = ttest_1samp(differences, null, alternative="less").pvalue
    assert float(p_below(differences, null)) == pytest.approx(oracle, abs=CLOSE)


def test_many_clusters_of_a_bell_shape_have_the_lower_end_of_the_t_interval_nearly() -> None:
    differences = np.random.default_rng(1).normal(0.0, 0.2, 5_000)
    low, _ = ttest_1samp(differences, 0.0).confidence_interval(0.90)
    assert estimate(differences, 0.05).low == pytest.approx(low, abs=5e-4)


@given(st.integers(5, 300), st.floats(0.001, 0.3))
def test_equal_clusters_still_allow_a_rare_one_that_broke(clusters: int, alpha: float) -> None:
    bound = -(1 - alpha ** (1 / clusters))
    assert estimate(np.zeros(clusters), alpha).low == pytest.approx(bound, abs=CLOSE)


@given(st.integers(20, 120), st.data())
def test_clusters_that_hold_or_break_have_the_bound_of_clopper_and_pearson(clusters: int, data: st.DataObject) -> None:
    broken = data.draw(st.integers(0, clusters - 1))
    differences = np.where(np.arange(clusters) < broken, -1.0, 0.0)
    exact = binomtest(broken, clusters, alternative="less").proportion_ci(0.95).high
    assert lowest_mean(differences, 0.05, WORST_DIFFERENCE) == pytest.approx(-exact, abs=CLOSE)


def test_the_bound_is_the_chance_that_randomly_weighted_clusters_fall_short() -> None:
    rng = np.random.default_rng(7)
    differences = rng.uniform(-0.5, 0.5, 25)
    weights = rng.standard_exponential((200_000, 26))
    short = (weights @ (np.append(differences, -1.0) + 0.1) <= 0).mean()
    assert p_bounded(differences, -0.1, -1.0) == pytest.approx(short, abs=4e-3)


@given(DIFFERENCES, st.floats(0.01, 0.1), st.floats(0.0, 0.5))
def test_the_margin_lies_below_the_interval_when_its_p_value_is_below_alpha(
    drawn: list[float], alpha: float, margin: float
) -> None:
    estimated = estimate(np.array(drawn), alpha, margin)
    assume(abs(estimated.low + margin) > CLOSE)
    assert (estimated.low > -margin) == (estimated.p_within_margin <= alpha)


@given(DIFFERENCES, st.integers(0, 59), st.floats(0.01, 1))
def test_a_cluster_that_gets_better_lowers_no_bound(drawn: list[float], which: int, gain: float) -> None:
    before = np.array(drawn)
    after = before.copy()
    after[which % len(after)] += gain
    assert lowest_mean(after, 0.05, -1.0) >= lowest_mean(before, 0.05, -1.0) - CLOSE


def test_one_cluster_has_no_spread_and_no_upper_end() -> None:
    alone = estimate(np.array([-0.5]), 0.05, 0.1)
    assert (alone.spread, alone.standard_error, alone.high, alone.p_worse) == (None, None, math.inf, 1.0)


@given(st.lists(st.tuples(st.floats(0.01, 100), st.floats(0.01, 100)), min_size=2, max_size=30))
def test_a_ratio_is_the_geometric_mean_of_candidate_to_baseline(pairs: list[tuple[float, float]]) -> None:
    baseline, candidate = np.array(pairs).T
    told = estimate(log_ratios(baseline, candidate), 0.05, math.log(1.1), worst_log_ratio())
    assert as_ratio(told.difference) == pytest.approx(math.prod(candidate / baseline) ** (1 / len(pairs)), rel=1e-6)
    assert as_ratio(told.high) <= as_ratio(told.difference) <= as_ratio(told.low)


@given(st.lists(st.floats(-1, 1).map(lambda one: round(one, 2)), min_size=1, max_size=8))
def test_few_clusters_are_flipped_in_every_way(drawn: list[float]) -> None:
    flipped = [
        sum(s * one for s, one in zip(signs, drawn, strict=True)) for signs in product([1, -1], repeat=len(drawn))
    ]
    hits = sum(total <= sum(drawn) + 1e-9 for total in flipped)
    assert p_sign_flip(np.array(drawn)) == pytest.approx(hits / len(flipped), abs=CLOSE)


def test_many_clusters_are_flipped_at_random_and_always_alike() -> None:
    differences = np.random.default_rng(2).normal(-0.1, 0.3, 40)
    p = p_sign_flip(differences)
    assert p == p_sign_flip(differences)
    assert p == pytest.approx(ttest_1samp(differences, 0.0, alternative="less").pvalue, abs=0.01)
