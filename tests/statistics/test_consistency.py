"""pass@k and pass^k, against the enumeration of every choice of k trials."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.statistics import outcome_consistency, pass_at_k, pass_hat_k

CLOSE = 1e-9


@st.composite
def trials_passed_and_k(draw: st.DrawFn) -> tuple[int, int, int]:
    trials = draw(st.integers(1, 9))
    return trials, draw(st.integers(0, trials)), draw(st.integers(1, trials))


def choices(trials: int, passed: int, k: int) -> list[tuple[bool, ...]]:
    return list(combinations([True] * passed + [False] * (trials - passed), k))


@given(trials_passed_and_k())
def test_pass_at_k_is_the_share_of_choices_with_a_pass(case: tuple[int, int, int]) -> None:
    picked = choices(*case)
    assert pass_at_k(*case) == pytest.approx(float(Fraction(sum(map(any, picked)), len(picked))), abs=CLOSE)


@given(trials_passed_and_k())
def test_pass_hat_k_is_the_share_of_choices_that_all_pass(case: tuple[int, int, int]) -> None:
    picked = choices(*case)
    assert pass_hat_k(*case) == pytest.approx(float(Fraction(sum(map(all, picked)), len(picked))), abs=CLOSE)


def test_fewer_trials_than_k_say_nothing() -> None:
    assert pass_at_k(3, 3, 4) is None
    assert pass_hat_k(3, 3, 4) is None


@given(st.integers(1, 100), st.data())
def test_consistency_does_not_care_which_outcome_it_is(trials: int, data: st.DataObject) -> None:
    passed = data.draw(st.integers(0, trials))
    consistency = outcome_consistency(trials, passed)
    assert consistency == pytest.approx(float((2 * Fraction(passed, trials) - 1) ** 2), abs=CLOSE)
    assert consistency == pytest.approx(outcome_consistency(trials, trials - passed), abs=CLOSE)


def test_no_trial_has_no_consistency() -> None:
    assert outcome_consistency(0, 0) is None
