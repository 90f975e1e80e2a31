"""docs/patterns.md: every pattern, the code that keeps it, the scenario that shows it, and what breaks without it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from statistics import fmean

import msgspec

from benchmarks.defects import Defect
from benchmarks.defects.catching import FOLDER, pattern_scenario, pattern_stems
from benchmarks.defects.rows import BREAKS, ROWS, Break, Row
from harness.campaign import expand, run_trial
from harness.scoring import Scorecard, score

PAGE = Path(__file__).parents[2] / "docs" / "patterns.md"

INTRODUCTION = """\
# Patterns

Every pattern that the reference orchestrator keeps, one row each: the code that keeps it, a scenario that shows it at
work, and defects: the same orchestrator with one part missing or wrong, which the scenario catches. `make defects`
plays them all and says after how many trials and with which faults each one shows.

This page is written by `python -m benchmarks.defects --docs`; a test holds it against a fresh run.

| | pattern | kept by | scenario: defects that it catches |
|---|---|---|---|
"""

WHEN_IT_BREAKS = """
## When it breaks

Habits that work until they do not, each beside what to do instead, in one scenario with both. The numbers are means of
a trial.

| | habit | instead | measured: habit → instead |
|---|---|---|---|
"""


class Measured(msgspec.Struct, frozen=True):
    """The mean of one metric on both sides of a scenario."""

    metric: str
    habit: float
    instead: float

    def __str__(self) -> str:
        """Write both numbers as the page shows them."""
        return f"{self.metric} {_number(self.habit)} → {_number(self.instead)}"


def page(defects: Mapping[str, Defect]) -> str:
    """Return the whole page."""
    by_row = _scenarios_of(defects.values())
    rows = "".join(_row_line(name, row, by_row.get(name, {})) for name, row in ROWS.items())
    breaks = "".join(_break_line(one) for one in BREAKS)
    return INTRODUCTION + rows + WHEN_IT_BREAKS + breaks


def _scenarios_of(defects: Iterable[Defect]) -> Mapping[str, Mapping[str, list[str]]]:
    """Return for each row the scenarios that show it, each with the defects of that row that it catches."""
    found: defaultdict[str, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for stem in pattern_stems():
        for row in rows_shown(stem):
            found[row][stem] = []
    for defect in defects:
        for row in defect.rows:
            found[row][defect.scenario].append(defect.name)
    return found


def rows_shown(stem: str) -> list[str]:
    """Return the rows that a scenario says it shows: its first line names them, up to a colon."""
    first = (FOLDER / f"{stem}.yaml").read_text(encoding="utf-8").partition("\n")[0]
    return first.removeprefix("# ").partition(":")[0].split(", ")


def _row_line(name: str, row: Row, scenarios: Mapping[str, list[str]]) -> str:
    modules = ", ".join(f"[{Path(path).name}](../{path})" for path in row.modules)
    caught = "<br>".join(": ".join([_link(stem), *_joined(names)]) for stem, names in sorted(scenarios.items()))
    return f"| {name} | {row.words} | {modules} | {caught} |\n"


def _joined(names: Iterable[str]) -> list[str]:
    return [", ".join(names)] if names else []


def _break_line(one: Break) -> str:
    numbers = ", ".join(map(str, measured(one)))
    return f"| {one.row} | {one.habit} | {one.instead} | {_link(one.scenario)}: {numbers} |\n"


def _link(stem: str) -> str:
    return f"[{stem}](../scenarios/patterns/{stem}.yaml)"


def measured(one: Break) -> Iterator[Measured]:
    """Play both sides of a habit and yield what the page shows of them."""
    habit, instead = (list(_cards(one.scenario, agent)) for agent in (one.agent, "reference"))
    for metric in one.metrics:
        yield Measured(metric, _mean(metric, habit), _mean(metric, instead))


def _cards(stem: str, agent: str) -> Iterator[Scorecard]:
    scenario = pattern_scenario(stem)
    chosen = [one for one in scenario.agents if one.name == agent]
    for spec in expand(scenario, agents=chosen):
        yield score(run_trial(spec).record)


def _mean(metric: str, cards: Iterable[Scorecard]) -> float:
    return fmean(value for card in cards if (value := card.value(metric)) is not None)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value.is_integer() or abs(value) >= 100 else f"{value:.4g}"  # noqa: PLR2004
