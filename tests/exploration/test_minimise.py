"""The smallest failing part: it fails, nothing can be dropped from it, and nothing is asked twice."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.exploration.minimise import minimise

Part = tuple[int, ...]
Fails = Callable[[Part], bool]

sizes = st.integers(0, 24)


class Counting:
    """An oracle that remembers what it was asked, and does not like to be asked twice."""

    def __init__(self, fails: Fails) -> None:
        self._fails = fails
        self.asked: list[Part] = []

    def __call__(self, part: Part) -> bool:
        assert part not in self.asked, f"asked twice about {part}"
        assert list(part) == sorted(part), f"{part} is out of order"
        self.asked.append(part)
        return self._fails(part)


def is_one_minimal(part: Part, fails: Fails) -> bool:
    return fails(part) and not any(fails(part[:at] + part[at + 1 :]) for at in range(len(part)))


def steps_of(size: int) -> int:
    """Return the binary logarithm, rounded up."""
    return (size - 1).bit_length() if size else 0


@given(size=sizes, needed=st.sets(st.integers(0, 23), max_size=6))
def test_what_one_cause_needs_is_found_in_few_questions(size: int, needed: set[int]) -> None:
    needed = {one for one in needed if one < size}
    fails = Counting(lambda part: needed <= set(part))
    assert minimise(range(size), fails) == tuple(sorted(needed))
    assert len(fails.asked) <= 2 + len(needed) * (2 + steps_of(size))


@given(size=sizes, causes=st.lists(st.frozensets(st.integers(0, 23), max_size=5), min_size=1, max_size=5))
def test_of_several_causes_the_one_nearest_to_the_front_is_found(size: int, causes: list[frozenset[int]]) -> None:
    possible = [one for one in causes if all(number < size for number in one)]
    fails = Counting(lambda part: any(one <= set(part) for one in possible))
    if not possible:
        with pytest.raises(ValueError, match=f"all {size} items together do not fail"):
            minimise(range(size), fails)
        return
    found = minimise(range(size), fails)
    assert is_one_minimal(found, fails._fails)
    assert max(found, default=-1) == min(max(one, default=-1) for one in possible)


@given(size=st.integers(0, 9), table=st.integers(0, 2**512 - 1))
def test_whatever_the_oracle_says_the_result_fails_and_nothing_can_be_dropped(size: int, table: int) -> None:
    whole = tuple(range(size))

    def says(part: Part) -> bool:
        return part == whole or bool(table >> sum(1 << number for number in part) & 1)

    fails = Counting(says)
    assert is_one_minimal(minimise(whole, fails), says)
    assert len(fails.asked) <= 2**size


def test_a_part_that_only_fails_without_others_is_found() -> None:
    """The search by halves alone would stop at two: the first two do not fail, so it takes the third for needed."""

    def fails(part: Part) -> bool:
        return part in {(0, 1, 2), (1, 2), (1,)}

    assert minimise(range(3), fails) == (1,)


@pytest.mark.parametrize("size", [2, 3, 17])
def test_two_needed_ones_are_found_wherever_they_are(size: int) -> None:
    for pair in combinations(range(size), 2):
        assert minimise(range(size), frozenset(pair).issubset) == pair


def test_equal_items_are_told_apart_by_their_place() -> None:
    assert minimise("abaab", lambda part: part.count("a") >= 2) == ("a", "a")
