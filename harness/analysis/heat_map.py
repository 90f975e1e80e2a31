"""The heat map: where which kind of fault hit, and what became of those trials; one map for each agent."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

import msgspec

from harness.analysis.results import Arm, Fault, Results
from harness.analysis.verdicts import WORST_FIRST

WHOLE_TRIAL = "whole trial"
_SITE = re.compile(r"^(?:[^/]*/)?([^\[\]#]+)")


class HeatCell(msgspec.Struct, frozen=True):
    """The faults of one kind that hit at one site, by the verdicts of their trials, worst first."""

    verdicts: tuple[tuple[str, int], ...]

    @property
    def faults(self) -> int:
        """How many faults hit here."""
        return sum(count for _, count in self.verdicts)

    @property
    def worst(self) -> str:
        """The worst verdict among them; the cell's class."""
        return self.verdicts[0][0]


class HeatRow(msgspec.Struct, frozen=True):
    """One call site; a cell for each kind, None where nothing of the kind hit."""

    site: str
    cells: tuple[HeatCell | None, ...]


class HeatMap(msgspec.Struct, frozen=True):
    """The map of one agent; ``never_reached`` counts for each kind the planned faults that never hit."""

    scenario: str
    agent: str
    kinds: tuple[str, ...]
    rows: tuple[HeatRow, ...]
    never_reached: tuple[int, ...]


def heat_maps(results: Results) -> tuple[HeatMap, ...]:
    """Return a map for each scenario and agent; agents of a scenario share rows and columns, so maps compare."""
    by_arm: dict[Arm, list[Fault]] = {}
    for fault in results.faults:
        by_arm.setdefault(results.by_id[fault.trial_id].arm, []).append(fault)
    frames = {scenario: _frame(by_arm, scenario) for scenario in dict.fromkeys(arm[0] for arm in by_arm)}
    return tuple(_map(results, arm, by_arm[arm], *frames[arm[0]]) for arm in results.arms if arm in by_arm)


def site_of(fault: Fault) -> str:
    """Return ``port:name`` of the call that a fault hit first."""
    if fault.first_address is None:
        return WHOLE_TRIAL
    match = _SITE.match(fault.first_address)
    return match[1] if match else fault.first_address


def _frame(by_arm: Mapping[Arm, list[Fault]], scenario: str) -> tuple[list[str], list[str]]:
    faults = [fault for arm, found in by_arm.items() if arm[0] == scenario for fault in found]
    return sorted({site_of(fault) for fault in faults if fault.fired}), sorted({fault.kind for fault in faults})


def _map(results: Results, arm: Arm, faults: list[Fault], sites: list[str], kinds: list[str]) -> HeatMap:
    hits: dict[tuple[str, str], Counter[str]] = {}
    missed: Counter[str] = Counter()
    for fault in faults:
        if fault.fired:
            cell = hits.setdefault((site_of(fault), fault.kind), Counter())
            cell[results.by_id[fault.trial_id].verdict] += 1
        else:
            missed[fault.kind] += 1
    rows = [HeatRow(site, tuple(_cell(hits.get((site, kind))) for kind in kinds)) for site in sites]
    return HeatMap(*arm, tuple(kinds), tuple(rows), tuple(missed[kind] for kind in kinds))


def _cell(counts: Counter[str] | None) -> HeatCell | None:
    if counts is None:
        return None
    return HeatCell(tuple((verdict, counts[verdict]) for verdict in WORST_FIRST if counts[verdict]))
