"""Seeded regressions: what counts as a change, and that triage names the step and the axis of a few."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from benchmarks.regressions.judging import baselines, judge_all
from benchmarks.regressions.mutants import PLANNERS, Mutant, all_mutants
from benchmarks.regressions.page import BEGIN, END, PAGE, with_table


def test_every_change_is_one_line_of_a_planner_that_can_be_parsed() -> None:
    mutants = all_mutants()
    assert len(mutants) > 400
    assert all(len(one.diff.splitlines()) == 2 and ast.parse(one.source) for one in mutants)


def test_no_change_is_in_both_halves_and_neither_half_is_small() -> None:
    mutants = all_mutants()
    held_out = {one.diff for one in mutants if one.held_out}
    assert held_out.isdisjoint(one.diff for one in mutants if not one.held_out)
    assert 0.4 < len(held_out) / len({one.diff for one in mutants}) < 0.6


def changed(module: str, before: str, after: str) -> Mutant:
    """Return the change with these words in it."""
    found = [one for one in all_mutants() if one.module == module and before in one.diff and after in one.diff]
    assert found, f"no change of {module} makes {after!r} of {before!r}"
    return found[0]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return baselines(tmp_path_factory.mktemp("baselines"))


def test_triage_names_the_step_and_the_axis_of_a_few(folders: dict[str, Path]) -> None:
    few = [
        changed("scripted", "here.index is None", "here.index is not None"),
        changed("simulated", "premature_stop", "or turn.fires("),
        changed("scripted", "return Decision(calls=(request,)", "return Decision(thought="),
    ]
    for judged in judge_all(few, folders, 1):
        assert judged.is_regression
        assert judged.is_right, judged


def test_a_change_that_fails_nothing_is_no_regression(folders: dict[str, Path]) -> None:
    (judged,) = judge_all(
        [Mutant("scripted", 0, 1, "", (PLANNERS / "scripted.py").read_text(encoding="utf-8"))], folders, 1
    )
    assert not judged.is_regression


def test_the_page_keeps_all_but_its_table() -> None:
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    fresh = with_table(page, [], [])
    assert fresh.startswith(f"before\n{BEGIN}\n")
    assert fresh.endswith(f"\n{END}\nafter\n")
    assert "old" not in fresh
    assert BEGIN in PAGE.read_text(encoding="utf-8")
