"""Two needed faults among fifty are found in few replays."""

from __future__ import annotations

from statistics import fmean

import pytest

from benchmarks.shrinking import FAULTS, REPLAYS_MAX, WRITES, Case, find


def test_the_two_faults_are_found_in_less_than_half_of_the_replays_that_are_promised() -> None:
    cases = [find(number) for number in range(len(WRITES))]
    assert all(one.is_right for one in cases)
    assert fmean(one.to_end for one in cases) < REPLAYS_MAX / 2


@pytest.mark.parametrize("number", [0, 3, 57])
def test_a_case_has_fifty_faults_and_most_of_them_hit(number: int) -> None:
    case = Case(number)
    assert len(case.spec.plan.faults) == FAULTS
    assert sum(fault in case.needed for fault in case.spec.plan.faults) == 2
    assert find(number).triggered > FAULTS / 2


def test_the_needed_faults_lie_at_other_places_in_other_cases() -> None:
    places = {tuple(fault in Case(number).needed for fault in Case(number).spec.plan.faults) for number in range(8)}
    assert len(places) == 8
