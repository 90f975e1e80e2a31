"""A comparer accepts what it says, and says what it accepts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.content import Comparer

NUMBERS = st.integers(-1000, 1000) | st.floats(-1000, 1000)


@given(value=NUMBERS, least=NUMBERS, most=NUMBERS)
def test_a_range_accepts_the_numbers_between_its_bounds_and_the_bounds(value: float, least: float, most: float) -> None:
    assert Comparer(at_least=least).accepts(value) is (value >= least)
    assert Comparer(at_most=most).accepts(value) is (value <= most)
    assert Comparer(at_least=least, at_most=most).accepts(value) is (least <= value <= most)


@pytest.mark.parametrize("value", [None, True, "5", [5], {"a": 5}])
def test_a_range_accepts_nothing_but_numbers(value: Any) -> None:
    assert not Comparer(at_least=0, at_most=9).accepts(value)


@pytest.mark.parametrize("other", [{"close_to": 3.0}, {"equals": 3}, {"anything": True}])
def test_a_bound_stands_with_the_other_bound_alone(other: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="give exactly one comparison"):
        Comparer.model_validate({"at_most": 5, **other})


@pytest.mark.parametrize(
    ("comparer", "words"),
    [
        ({"at_most": 5}, "at most 5"),
        ({"at_most": 0.05, "at_least": 1234567}, "at least 1234567 and at most 0.05"),
        ({"close_to": 3.0}, "close to 3.0"),
        (5, "5"),
    ],
)
def test_a_comparer_says_what_it_accepts(comparer: Any, words: str) -> None:
    assert Comparer.model_validate(comparer).describe() == words
