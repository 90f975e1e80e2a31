"""Rates and two-by-two tables, against statsmodels and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import fisher_exact
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

from harness.statistics import (
    Interval,
    design_effect,
    p_enriched,
    p_mcnemar,
    p_mcnemar_worse,
    rate_at_most,
    wilson,
    wilson_clustered,
)

COUNTS = st.integers(0, 400)
CLOSE = 1e-9


@st.composite
def successes_of_trials(draw: st.DrawFn) -> tuple[int, int]:
    trials = draw(st.integers(1, 2_000))
    return draw(st.integers(0, trials)), trials


@given(successes_of_trials(), st.floats(0.001, 0.5))
def test_wilson_is_that_of_statsmodels(counts: tuple[int, int], alpha: float) -> None:
    interval = wilson(*counts, alpha)
    assert (interval.low, interval.high) == pytest.approx(proportion_confint(*counts, alpha, "wilson"), abs=CLOSE)


def test_no_trials_say_nothing_about_a_rate() -> None:
    assert wilson(0, 0) == Interval(0.0, 1.0)


@given(successes_of_trials(), st.floats(0.001, 0.4))
def test_a_rate_is_at_most_what_clopper_and_pearson_say(counts: tuple[int, int], alpha: float) -> None:
    _, high = proportion_confint(*counts, 2 * alpha, "beta")
    assert rate_at_most(*counts, alpha) == pytest.approx(high, abs=CLOSE)


@pytest.mark.parametrize(("trials", "bound"), [(30, 0.095), (100, 0.0295), (300, 0.00994)])
def test_no_event_in_n_trials_leaves_about_three_in_n(trials: int, bound: float) -> None:
    assert rate_at_most(0, trials) == pytest.approx(1 - 0.05 ** (1 / trials), abs=CLOSE)
    assert rate_at_most(0, trials) == pytest.approx(bound, abs=1e-3)


@given(COUNTS, COUNTS)
def test_mcnemar_is_that_of_statsmodels(worse: int, better: int) -> None:
    oracle = mcnemar([[0, worse], [better, 0]], exact=True).pvalue if worse + better else 1.0
    assert p_mcnemar(worse, better) == pytest.approx(oracle, abs=CLOSE)


@given(COUNTS, COUNTS)
def test_one_sided_mcnemar_counts_every_outcome_once(worse: int, better: int) -> None:
    tie = p_mcnemar_worse(worse, better) + p_mcnemar_worse(better, worse) - 1
    assert -CLOSE <= tie <= 1
    assert min(1.0, 2 * min(p_mcnemar_worse(worse, better), p_mcnemar_worse(better, worse))) == pytest.approx(
        p_mcnemar(worse, better), abs=CLOSE
    )


@given(*[st.integers(0, 60)] * 4)
def test_enrichment_is_fishers_exact_test(hits: int, misses: int, hits_elsewhere: int, misses_elsewhere: int) -> None:
    table = [[hits, misses], [hits_elsewhere, misses_elsewhere]]
    p = p_enriched(hits, hits + misses, hits_elsewhere, hits_elsewhere + misses_elsewhere)
    assert p == pytest.approx(fisher_exact(np.array(table), alternative="greater").pvalue, abs=CLOSE)


@given(st.integers(2, 50), st.integers(2, 20))
def test_clusters_of_equal_outcomes_count_once(clusters: int, trials: int) -> None:
    passed = [trials * (at % 2) for at in range(clusters)]
    rate = sum(passed) / (clusters * trials)
    bessel = clusters / (clusters - 1)
    assert design_effect(passed, [trials] * clusters) == pytest.approx(trials * bessel, rel=1e-9)
    assert wilson_clustered(passed, [trials] * clusters).low == pytest.approx(
        wilson(rate * clusters / bessel, clusters / bessel).low, abs=CLOSE
    )


def test_independent_trials_are_hardly_discounted() -> None:
    passed = np.random.default_rng(3).binomial(10, 0.8, size=4_000)
    assert design_effect(list(passed), [10] * 4_000) == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("passed", [[0, 0, 0], [4, 4, 4], [2]])
def test_nothing_can_be_said_about_clusters_that_do_not_vary(passed: list[float]) -> None:
    assert design_effect(passed, [4] * len(passed)) == 1.0
