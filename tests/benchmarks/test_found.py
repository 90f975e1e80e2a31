"""What exploration found in the example agents is there to be played again, and happens again."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.found import PAGE
from harness.campaign import expand, load_scenario
from harness.exploration import BLAMED, play

REGRESSIONS = sorted((PAGE.parents[1] / "scenarios" / "regressions").glob("*.yaml"))


@pytest.mark.parametrize("path", REGRESSIONS, ids=lambda path: path.stem)
def test_a_regression_of_the_corpus_fails_as_it_did_when_it_was_found(path: Path) -> None:
    scenario = load_scenario(path)
    (spec,) = expand(scenario)
    played = play(spec)
    assert played.outcome in BLAMED
    assert played.signature == scenario.signature
    assert len(spec.plan.faults) in (1, 2)


def test_the_page_shows_at_least_six_defects_and_the_command_for_each() -> None:
    page = PAGE.read_text(encoding="utf-8")
    headings = [line for line in page.splitlines() if line.startswith("## ")]
    assert len(headings) == len(set(headings)) >= 6
    assert {line.split("/")[-1] for line in page.splitlines() if line.startswith("harness run ")} == {
        path.name for path in REGRESSIONS
    }
