"""How far trials of one cell agree."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

from harness.analysis import ConsistencyRow, Results, consistency, load_results
from harness.analysis.consistency import divergence, similarity, steadiness
from tests.analysis.datasets import event, trial, write_by_hand

histograms = st.dictionaries(st.sampled_from("abcd"), st.integers(1, 9), min_size=1)
paths = st.text("abc", max_size=7)


@given(one=histograms, two=histograms)
def test_the_divergence_is_the_square_of_scipys_distance(one: dict[str, int], two: dict[str, int]) -> None:
    left, right = ([float(counts.get(name, 0)) for name in "abcd"] for counts in (one, two))
    assert divergence(one, two) == pytest.approx(float(jensenshannon(left, right, base=2)) ** 2, abs=1e-9)


def test_an_empty_histogram_is_like_an_empty_one_alone() -> None:
    assert (divergence({}, {}), divergence({}, {"a": 1})) == (0.0, 1.0)


@given(one=paths, two=paths)
def test_similarity_is_symmetric_and_one_for_equals_alone(one: str, two: str) -> None:
    assert similarity(one, two) == similarity(two, one)
    assert (similarity(one, two) == 1.0) == (one == two)


def recursive_distance(one: str, two: str) -> int:
    """Return the Levenshtein distance as it is defined."""
    if not one or not two:
        return len(one) + len(two)
    changed = recursive_distance(one[1:], two[1:]) + (one[0] != two[0])
    return min(changed, recursive_distance(one[1:], two) + 1, recursive_distance(one, two[1:]) + 1)


@given(one=st.text("ab", min_size=1, max_size=4), two=st.text("ab", max_size=4))
def test_similarity_rests_on_the_fewest_edits(one: str, two: str) -> None:
    assert similarity(one, two) == pytest.approx(1 - recursive_distance(one, two) / max(len(one), len(two)))


def test_steadiness_falls_with_the_spread() -> None:
    assert steadiness([5.0, 5.0, 5.0]) == 1.0
    assert steadiness([1.0, 3.0]) == pytest.approx(math.exp(-math.sqrt(2) / 2))
    assert steadiness([1.0, None]) is None
    assert steadiness([0.0, 0.0]) == 1.0


@given(values=st.lists(st.floats(0.1, 100), min_size=2, max_size=6), factor=st.floats(0.1, 10))
def test_steadiness_does_not_depend_on_the_unit(values: list[float], factor: float) -> None:
    assert steadiness([value * factor for value in values]) == pytest.approx(steadiness(list(values)))


def test_counting_is_of_shares_and_not_of_lengths() -> None:
    assert divergence(Counter("ab"), Counter("aabb")) == 0.0


def repeated(folder: Path, *outcomes: str, plan: str = "plan") -> ConsistencyRow:
    """Return the row of one cell whose trials ended so."""
    rows = [
        trial(f"t{number}", seed=number, outcome=one, success=float(one == "passed"), steps=4.0, fault_plan_id=plan)
        for number, one in enumerate(outcomes)
    ]
    ways = [("get", "pay"), ("get", "pay"), ("get", "get", "pay"), ()]
    calls = [
        event(f"t{number}", seq, "tool_call_started", name=tool, port="tool")
        for number in range(len(outcomes))
        for seq, tool in enumerate(ways[number])
    ]
    [row] = consistency(load_results(write_by_hand(folder, trials=rows, events=calls)))
    return row


def test_a_cell_is_counted_by_hand(tmp_path: Path) -> None:
    """Three of four passed, on paths of which two are equal and the third has one call more."""
    row = repeated(tmp_path, "passed", "passed", "passed", "failed")
    assert (row.cells, row.k, row.pass_at_k, row.pass_hat_k, row.outcomes) == (1, 4, 1.0, 0.0, 0.25)
    assert row.paths == pytest.approx((1 + 2 / 3 + 2 / 3) / 3)
    assert row.actions is not None
    assert 0.9 < row.actions < 1.0
    assert row.resources == {"cost_usd": None, "steps": 1.0, "virtual_s": None}


def test_one_trial_says_nothing_of_consistency(tmp_path: Path) -> None:
    row = repeated(tmp_path, "passed")
    assert (row.outcomes, row.actions, row.paths, row.resources["steps"]) == (None, None, None, None)


def test_every_cell_of_a_real_campaign_is_counted(lost: Results) -> None:
    rows = consistency(lost)
    assert {row.agent for row in rows} == {trial.agent for trial in lost.trials}
    assert sum(row.cells * row.k for row in rows) <= len(lost.trials)
