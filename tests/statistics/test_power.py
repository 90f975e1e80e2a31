"""Power, against statsmodels, hand computations and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nct, t

from harness.statistics import (
    SpreadParts,
    clusters_to_pass,
    clusters_when_identical,
    decide_many,
    identical_bound,
    minimum_detectable_effect,
    pass_power,
    spread_parts,
    t_power,
    trials_to_pass,
)
from harness.statistics.power import clusters_to_detect

CLUSTERS = st.integers(5, 300)
ALPHAS = st.floats(0.01, 0.2)


@pytest.mark.parametrize(
    ("effect", "between", "arms", "clusters"),
    [
        # (1.644854 + 0.841621)^2 = 6.182557
        (0.10, 0.20, [(0.30, 1), (0.30, 1)], 137),  # 6.182557 * (.04 + .09 + .09) / .01 = 136.02
        (0.05, 0.0866, [(0.286, 4), (0.319, 4)], 133),  # 6.182557 * (.0075 + .020449 + .025440) / .0025 = 132.03
        (0.50, 1.00, [], 25),  # 6.182557 / .25 = 24.73
    ],
)
def test_clusters_to_detect_an_effect_are_those_of_miller(
    effect: float, between: float, arms: list[tuple[float, int]], clusters: int
) -> None:
    assert clusters_to_detect(effect, between, arms) == clusters


@given(CLUSTERS, st.floats(0.05, 1.0), st.floats(0.01, 0.5), ALPHAS)
def test_the_power_of_the_t_test_is_its_noncentral_tail(
    clusters: int, spread: float, effect: float, alpha: float
) -> None:
    oracle = nct.sf(t.isf(alpha, clusters - 1), clusters - 1, effect / spread * clusters**0.5)
    assert t_power(clusters, spread, effect, alpha) == pytest.approx(oracle, abs=1e-6)


@given(CLUSTERS, st.floats(0.05, 1.0), ALPHAS)
def test_the_minimum_detectable_effect_has_the_power_that_it_is_named_for(
    clusters: int, spread: float, alpha: float
) -> None:
    effect = minimum_detectable_effect(clusters, spread, alpha)
    assert t_power(clusters, spread, effect, alpha) == pytest.approx(0.8, abs=1e-6)


@pytest.mark.parametrize(("clusters", "spread", "margin"), [(20, 0.15, 0.25), (60, 0.15, 0.08), (120, 0.2, 0.06)])
def test_the_power_for_a_pass_is_seen_in_simulated_suites(clusters: int, spread: float, margin: float) -> None:
    differences = np.random.default_rng(clusters).normal(0.0, spread, (2_000, clusters))
    passes, _ = decide_many(differences, 0.05, margin)
    assert pass_power(clusters, spread, margin) == pytest.approx(passes.mean(), abs=0.03)


def test_a_candidate_at_the_margin_hardly_passes() -> None:
    assert pass_power(100, 0.15, 0.05, difference=-0.05) < 0.05


def test_the_clusters_for_a_pass_are_the_fewest_that_have_the_power() -> None:
    clusters = clusters_to_pass(0.1, 0.1)
    assert clusters is not None
    assert pass_power(clusters, 0.1, 0.1) >= 0.8 > pass_power(clusters - 1, 0.1, 0.1)


def test_the_trials_for_a_pass_are_the_fewest_that_have_the_power() -> None:
    parts = SpreadParts(between=0.05, within=0.4)
    trials = trials_to_pass(100, parts, 0.06)
    assert trials is not None
    assert pass_power(100, parts.spread(trials), 0.06) >= 0.8 > pass_power(100, parts.spread(trials - 1), 0.06)


def test_no_number_of_trials_replaces_clusters() -> None:
    assert trials_to_pass(20, SpreadParts(between=0.0, within=0.4), 0.05) is None


def test_the_spread_of_clusters_is_split_into_its_parts() -> None:
    rng = np.random.default_rng(4)
    clusters = [rng.normal(true, 0.4, 8) for true in rng.normal(0.0, 0.2, 3_000)]
    parts = spread_parts(clusters)
    assert parts is not None
    assert (parts.between, parts.within) == pytest.approx((0.2, 0.4), abs=0.01)
    assert parts.spread(8) == pytest.approx(np.std([pairs.mean() for pairs in clusters], ddof=1), rel=1e-3)


@pytest.mark.parametrize("clusters", [[np.zeros(4)], [np.zeros(1), np.zeros(1)]])
def test_spread_can_not_be_split_without_repetition(clusters: list[np.ndarray]) -> None:
    assert spread_parts(clusters) is None


@pytest.mark.parametrize(("margin", "clusters"), [(0.05, 59), (0.03, 99), (1.0, 1), (0.0, None)])
def test_identical_arms_need_as_many_clusters_as_the_margin_is_small(margin: float, clusters: int | None) -> None:
    assert clusters_when_identical(margin) == clusters


@given(st.floats(0.01, 0.5), ALPHAS)
def test_identical_arms_are_bounded_by_the_margin_from_that_number_of_clusters_on(margin: float, alpha: float) -> None:
    clusters = clusters_when_identical(margin, alpha)
    assert clusters is not None
    assert identical_bound(clusters, alpha) >= -margin
    assert clusters == 1 or identical_bound(clusters - 1, alpha) < -margin
