"""The three-way rule, and the levels of its looks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from harness.statistics import (
    CLUSTERS_MIN,
    Decision,
    LookPlan,
    Verdict,
    breaks,
    decide,
    decide_many,
    estimate,
    look_alphas,
)
from harness.statistics.looks import log_e_value

DIFFERENCES = st.lists(st.integers(-16, 16).map(lambda one: one / 16), min_size=CLUSTERS_MIN, max_size=80)
MARGINS = st.floats(0.01, 0.6)


@given(DIFFERENCES, MARGINS, st.floats(0.005, 0.1))
def test_the_verdict_can_be_read_off_the_interval(drawn: list[float], margin: float, alpha: float) -> None:
    told = estimate(np.array(drawn), alpha, margin)
    assume(min(abs(told.low + margin), abs(told.high)) > 1e-9)
    expected: Verdict = "PASS" if told.low >= -margin else "FAIL" if told.high < 0 else "INCONCLUSIVE"
    assert decide(told) == Decision(expected, worse=expected == "PASS" and told.high < 0)


@given(st.lists(DIFFERENCES.map(lambda drawn: drawn[:CLUSTERS_MIN]), min_size=1, max_size=5), MARGINS)
def test_many_suites_at_once_get_the_verdicts_that_each_gets_alone(drawn: list[list[float]], margin: float) -> None:
    passes, fails = decide_many(np.array(drawn), 0.04, margin)
    verdicts = [decide(estimate(np.array(one), 0.04, margin)).verdict for one in drawn]
    assert [one == "PASS" for one in verdicts] == list(passes)
    assert [one == "FAIL" for one in verdicts] == list(fails)


def test_too_few_clusters_are_insufficient_whatever_they_say() -> None:
    assert decide(estimate(np.full(CLUSTERS_MIN - 1, -1.0), 0.05, 0.1)) == Decision("INSUFFICIENT")
    assert decide(estimate(np.full(CLUSTERS_MIN, -1.0), 0.05, 0.1)) == Decision("FAIL")


@pytest.mark.parametrize(("clusters", "margin"), [(59, 0.05), (99, 0.03)])
def test_identical_arms_pass_from_the_number_of_clusters_on_that_rules_out_a_rare_break(
    clusters: int, margin: float
) -> None:
    assert decide(estimate(np.zeros(clusters), 0.05, margin)).verdict == "PASS"
    assert decide(estimate(np.zeros(clusters - 1), 0.05, margin)).verdict == "INCONCLUSIVE"


def test_one_lucky_cluster_does_not_make_twenty_certain() -> None:
    nearly_equal = np.append(np.zeros(19), 1 / 16)
    assert decide(estimate(nearly_equal, 0.05, 0.05)).verdict == "INCONCLUSIVE"


@given(
    st.lists(st.integers(1, 64), min_size=1, max_size=6, unique=True).map(sorted),
    st.floats(0.01, 0.2),
    st.floats(0, 0.009),
)
def test_the_levels_of_the_looks_and_the_alarm_add_up_to_alpha(
    trials: list[int], alpha: float, alpha_fail_fast: float
) -> None:
    plan = LookPlan(tuple(trials), alpha, alpha_fail_fast)
    assert sum(look_alphas(plan)) + alpha_fail_fast == pytest.approx(alpha, abs=1e-12)
    assert min(look_alphas(plan)) > 0


@given(st.integers(0, 200), st.integers(0, 200))
def test_the_e_value_is_a_fair_bet_on_the_next_pair(worse: int, better: int) -> None:
    ahead = np.logaddexp(log_e_value(worse + 1, better), log_e_value(worse, better + 1)) - np.log(2)
    assert ahead == pytest.approx(float(log_e_value(worse, better)), abs=1e-7)


def test_the_alarm_rings_for_unchanged_arms_at_most_as_often_as_it_may() -> None:
    plan, pairs = LookPlan(alpha_fail_fast=0.05), 400
    worse = (np.random.default_rng(11).random((4_000, pairs)) < 0.5).cumsum(axis=1)
    seen = np.arange(1, pairs + 1)
    rang = breaks(worse.astype(float), (seen - worse).astype(float), seen.astype(float), plan, margin=0.0).any(axis=1)
    assert 0 < rang.mean() <= 0.05


def test_the_alarm_rings_early_when_every_pair_is_worse() -> None:
    assert breaks(10, 0, 10, LookPlan(), margin=0.05)
    assert not breaks(3, 0, 3, LookPlan(), margin=0.05)


def test_the_alarm_is_silent_about_losses_within_the_margin() -> None:
    assert not breaks(20, 0, 1_000, LookPlan(), margin=0.05)


def test_a_plan_without_an_alarm_has_none() -> None:
    assert not breaks(50, 0, 50, LookPlan(alpha_fail_fast=0.0), margin=0.05)
