"""The page of patterns says what is so: every row is there, every link leads somewhere, every defect is caught."""

from __future__ import annotations

import re

import pytest

from benchmarks.defects import load_defects
from benchmarks.defects.catching import first_failure, pattern_scenario, pattern_stems, with_defect
from benchmarks.defects.page import PAGE, page, rows_shown
from benchmarks.defects.rows import BREAKS, ROWS

DEFECTS = load_defects()
WANTED = {
    *(f"L{number}" for number in (*range(1, 17), 21, 24, 27, 28)),
    *(f"D{number}" for number in range(1, 14)),
    *(f"R{number}" for number in (*range(1, 17), 18, 20)),
}


def test_every_row_is_on_the_page() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    assert {line.split(" | ")[0].removeprefix("| ") for line in lines if re.match(r"\| [LDR]\d", line)} == WANTED


def test_every_row_has_a_defect() -> None:
    assert set(ROWS) == WANTED == {row for one in DEFECTS.values() for row in one.rows}


def test_the_rows_that_break_have_both_sides() -> None:
    assert {one.row for one in BREAKS} == {"L21", "L24", "L27", "L28"}


def test_the_page_is_as_a_fresh_run_writes_it() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(DEFECTS), "write it again: python -m benchmarks.defects --docs"


def test_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)]+)\)", PAGE.read_text(encoding="utf-8"))
    assert links
    assert [one for one in links if not (PAGE.parent / one).is_file()] == []


@pytest.mark.parametrize("stem", pattern_stems())
def test_a_scenario_says_which_rows_it_shows(stem: str) -> None:
    assert set(rows_shown(stem)) <= WANTED


@pytest.mark.parametrize("stem", pattern_stems())
def test_a_scenario_holds_with_the_sound_agents_and_with_no_other(stem: str) -> None:
    scenario = pattern_scenario(stem)
    sound = [agent for agent in scenario.agents if not agent.contrast]
    others = [agent for agent in scenario.agents if agent.contrast]
    others += [with_defect(scenario, one) for one in DEFECTS.values() if one.scenario == stem]
    assert {agent.name: first_failure(scenario, agent) for agent in sound} == {agent.name: None for agent in sound}
    assert [agent.name for agent in others if first_failure(scenario, agent) is None] == []
