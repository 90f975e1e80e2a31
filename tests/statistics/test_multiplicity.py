"""Adjusted p-values, against statsmodels."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from harness.statistics import benjamini_hochberg, holm

P_VALUES = st.lists(st.floats(0, 1) | st.sampled_from([0.0, 0.01, 0.05, 1.0]), min_size=1, max_size=40)
Adjust = Callable[[Sequence[float]], tuple[float, ...]]


@pytest.mark.parametrize(("adjust", "method"), [(holm, "holm"), (benjamini_hochberg, "fdr_bh")])
@settings(max_examples=25)  # the oracle collects garbage at every call
@given(p_values=P_VALUES)
def test_adjusted_p_values_are_those_of_statsmodels(adjust: Adjust, method: str, p_values: list[float]) -> None:
    assert adjust(p_values) == pytest.approx(multipletests(p_values, method=method)[1], abs=1e-9)


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_no_tests_need_no_adjustment(adjust: Adjust) -> None:
    assert adjust([]) == ()
