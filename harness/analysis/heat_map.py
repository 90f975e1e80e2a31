"""The heat map: where which kind of fault hit, and what became of those trials; one map for each agent.

A fault that hit several sites of its trial counts once at each of them: which of its hits did the harm is not known.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

import msgspec

from harness.analysis.results import Arm, Results
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
    """The map of one agent; ``never_reached`` counts for each kind the planned faults that never hit anything."""

    scenario: str
    agent: str
    kinds: tuple[str, ...]
    rows: tuple[HeatRow, ...]
    never_reached: tuple[int, ...]


class _Hit(msgspec.Struct, frozen=True):
    """One planned fault at one site of its trial; ``site`` is None for one that never hit."""

    trial_id: str
    fault: int
    kind: str
    site: str | None


def heat_maps(results: Results) -> tuple[HeatMap, ...]:
    """Return a map for each scenario and agent; agents of a scenario share rows and columns, so that maps compare."""
    by_arm: dict[Arm, list[_Hit]] = {}
    for hit in _hits(results):
        by_arm.setdefault(results.by_id[hit.trial_id].arm, []).append(hit)
    frames = {scenario: _frame(by_arm, scenario) for scenario in dict.fromkeys(arm[0] for arm in by_arm)}
    return tuple(_map(results, arm, by_arm[arm], *frames[arm[0]]) for arm in results.arms if arm in by_arm)


def site_of(address: str | None) -> str:
    """Return ``port:name`` of an address; a fault without one concerns the whole trial."""
    if address is None:
        return WHOLE_TRIAL
    match = _SITE.match(address)
    return match[1] if match else address


def _hits(results: Results) -> Iterator[_Hit]:
    """Yield every planned fault once for each site that it hit, or once without a site."""
    sites: dict[tuple[str, int], dict[str, None]] = {}
    histories = results.events({fault.trial_id for fault in results.faults if fault.fired}, ["fault_injected"])
    for trial_id, events in histories.items():
        for event in events:
            sites.setdefault((trial_id, event.payload.get("fault", 0)), {})[site_of(event.address)] = None
    for fault in results.faults:
        reached = (
            sites.get((fault.trial_id, fault.fault), {site_of(fault.first_address): None}) if fault.fired else [None]
        )
        for site in reached:
            yield _Hit(fault.trial_id, fault.fault, fault.kind, site)


def _frame(by_arm: Mapping[Arm, list[_Hit]], scenario: str) -> tuple[list[str], list[str]]:
    hits = [hit for arm, found in by_arm.items() if arm[0] == scenario for hit in found]
    return sorted({hit.site for hit in hits if hit.site is not None}), sorted({hit.kind for hit in hits})


def _map(results: Results, arm: Arm, hits: list[_Hit], sites: list[str], kinds: list[str]) -> HeatMap:
    cells: dict[tuple[str, str], Counter[str]] = {}
    missed: Counter[str] = Counter()
    for hit in hits:
        if hit.site is None:
            missed[hit.kind] += 1
        else:
            cells.setdefault((hit.site, hit.kind), Counter())[results.by_id[hit.trial_id].verdict] += 1
    rows = [HeatRow(site, tuple(_cell(cells.get((site, kind))) for kind in kinds)) for site in sites]
    return HeatMap(*arm, tuple(kinds), tuple(rows), tuple(missed[kind] for kind in kinds))


def _cell(counts: Counter[str] | None) -> HeatCell | None:
    if counts is None:
        return None
    return HeatCell(tuple((verdict, counts[verdict]) for verdict in WORST_FIRST if counts[verdict]))
