"""What became of each pair, and which cells do not agree with themselves."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from harness.analysis import Trial, load_results
from harness.deciding import Pair, Pairing, PairKey
from harness.triage import transition
from harness.triage.transitions import flaky_cells
from tests.triage.conftest import Store, trial


@pytest.fixture
def stored(store: Store) -> Trial:
    return load_results(store("one", trial())).trials[0]


def other(stored: Trial, **changes: Any) -> Trial:
    return msgspec.structs.replace(stored, **changes)


def pair(before: Trial, after: Trial) -> Pair:
    return Pair(PairKey("shop", "refund_damaged", "clean", 1, 0), "shop/refund_damaged", before, after)


def bad(stored: Trial) -> Trial:
    return other(stored, verdict="failed", outcome="failed")


def void(stored: Trial) -> Trial:
    return other(stored, verdict="harness_error", outcome="harness_error")


def test_a_pair_is_named_by_what_became_of_it(stored: Trial) -> None:
    good = stored
    named = {
        transition(pair(good, bad(good)), same_path=False): "newly_failing",
        transition(pair(bad(good), good), same_path=False): "fixed",
        transition(pair(bad(good), bad(good)), same_path=True): "still_failing",
        transition(pair(good, good), same_path=False): "path_changed",
        transition(pair(good, good), same_path=True): "unchanged",
        transition(pair(bad(good), void(good)), same_path=False): "invalid",
    }
    assert all(found == wanted for found, wanted in named.items())
    assert len(named) == 6


def test_what_a_scenario_expects_decides_over_what_the_task_asks_for(stored: Trial) -> None:
    expected = other(bad(stored), as_expected=True)
    assert transition(pair(stored, expected), same_path=True) == "unchanged"


def test_a_breach_fails_a_trial_whose_task_was_done(stored: Trial) -> None:
    assert transition(pair(stored, other(stored, verdict="violated")), same_path=False) == "newly_failing"


@pytest.mark.parametrize(("passed", "of", "flaky"), [(3, 4, True), (4, 4, False), (0, 4, False), (999, 1000, False)])
def test_a_cell_is_flaky_when_its_trials_disagree_and_not_just_once_in_a_thousand(
    stored: Trial, passed: int, of: int, *, flaky: bool
) -> None:
    trials = [stored if number < passed else bad(stored) for number in range(of)]
    cells = flaky_cells(Pairing(tuple(pair(stored, one) for one in trials), (), ()))
    assert [(cell.arm, cell.passed, cell.trials) for cell in cells] == ([("candidate", passed, of)] if flaky else [])
