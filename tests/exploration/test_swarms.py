"""Swarms: many faults at once, drawn from half of the kinds, between the single ones."""

from __future__ import annotations

from collections import Counter

import pytest

from harness.boundary import plan_problems
from harness.content import all_fault_kinds
from harness.exploration import bases_of, findings
from harness.exploration.candidates import Candidate, plan_of
from harness.exploration.swarms import Swarm, swarm
from tests.exploration.conftest import REFERENCE, TASK, WITHOUT_KEYS, Explore

pytestmark = pytest.mark.usefixtures("shop")

KINDS = all_fault_kinds()
SWARMS = 60
LASTS_S = 10.0


def drawn() -> list[tuple[Candidate, ...]]:
    [base] = bases_of(TASK, [REFERENCE])
    return [swarm(base, LASTS_S, KINDS, number) for number in range(SWARMS)]


def test_a_swarm_is_the_same_every_time_and_no_two_are_alike() -> None:
    first, again = drawn(), drawn()
    assert first == again
    assert len({plan_of(*one).id for one in first}) == SWARMS


def test_all_that_is_drawn_may_be_planned() -> None:
    assert [problem for one in drawn() for problem in plan_problems(plan_of(*one), KINDS)] == []


def test_every_kind_is_in_some_swarms_and_left_out_of_others() -> None:
    with_kind = Counter(kind for one in drawn() for kind in {each.fault.kind for each in one})
    assert all(0 < with_kind[kind] < SWARMS * 0.75 for kind in ("timeout", "crash", "approver", "malformed_output"))


def test_a_simulation_is_hurt_from_a_moment_of_the_run_on() -> None:
    [base] = bases_of(TASK, [REFERENCE])
    windows = [one.fault.when.window for one in Swarm(base, LASTS_S, KINDS).drawn(1, 1.0) if one.site == "clock"]
    begins_s = [window[0] for window in windows if window]
    assert len(begins_s) == len(windows) > 2
    assert all(0 <= begin_s < LASTS_S for begin_s in begins_s)
    assert len(set(begins_s)) > 1


def test_single_faults_and_swarms_take_turns(explore_shop: Explore) -> None:
    tried = explore_shop(depth=0, budget=101, kinds=KINDS).tried  # of few kinds, a swarm may draw no fault
    assert [one.attempt.is_swarm for one in tried] == [False, True] * 50
    assert any(len(one.candidates) > 2 for one in tried if one.attempt.is_swarm)


def test_pairs_and_more_swarms_take_turns(explore_shop: Explore) -> None:
    few = ("timeout", "duplicate_delivery", "clock_skew")
    with_singles = sum(one.attempt.is_swarm for one in explore_shop(depth=0, kinds=few).tried)
    tried = explore_shop(depth=2, kinds=few).tried
    places = [place for place, one in enumerate(tried) if one.attempt.is_swarm]
    first_pair = places[with_singles] - 1
    assert len(places) > 4 * with_singles
    # Not strictly: a pair that was tried already is left out.
    assert 40 <= sum(one.attempt.is_swarm for one in tried[first_pair : first_pair + 100]) <= 60


def test_the_matrix_holds_single_faults_alone(explore_shop: Explore) -> None:
    exploration = explore_shop(depth=0)
    counted = sum(sum(cell.outcomes.values()) for cell in findings(exploration).cells)
    assert counted == len(exploration.cases[0].of_depth(1))
    assert counted < len(exploration.tried)


def test_of_a_swarm_that_fails_those_faults_are_told_that_hit(explore_shop: Explore) -> None:
    exploration = explore_shop(WITHOUT_KEYS, depth=0)
    told = {plan.trial_id: plan.faults for failure in findings(exploration).failures for plan in failure.plans}
    failing = [one for one in exploration.tried if one.attempt.is_swarm and one.spec.trial_id in told]
    assert failing
    for one in failing:
        assert len(told[one.spec.trial_id]) == sum(one.played.fired)
    assert any(len(told[one.spec.trial_id]) < len(one.candidates) for one in failing)
