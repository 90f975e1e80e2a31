"""Fault families and plans: how much of what was planned was put to the test."""

from __future__ import annotations

from collections import Counter

import msgspec

from harness.analysis.results import Results, Trial
from harness.analysis.verdicts import WORST_FIRST


class FamilyRow(msgspec.Struct, frozen=True):
    """One family of harm; a trial counts in every family that it plans."""

    family: str
    kinds: tuple[str, ...]
    planned: int
    fired: int
    hits: int
    held: int
    failed: int
    violated: int


class Coverage(msgspec.Struct, frozen=True):
    """Trials by how many of their planned faults fired; ``clean`` plan none."""

    clean: int
    none: int
    partial: int
    all: int


class PlanCell(msgspec.Struct, frozen=True):
    """One fault plan and one agent; ``passed`` is of ``counted``, which the trials that nothing reached are not in."""

    passed: int
    counted: int
    not_triggered: int
    verdict: str


class PlanTable(msgspec.Struct, frozen=True):
    """The fault plans of a scenario; each row has a cell for each agent, None where they did not meet."""

    scenario: str
    agents: tuple[str, ...]
    rows: tuple[tuple[str, tuple[PlanCell | None, ...]], ...]


def family_table(results: Results) -> tuple[FamilyRow, ...]:
    """Return one row for each family, by name."""
    families: dict[str, dict[str, list[tuple[str, int]]]] = {}
    for fault in results.faults:
        families.setdefault(fault.family, {}).setdefault(fault.trial_id, []).append((fault.kind, fault.times))
    return tuple(_family(results, family, trials) for family, trials in sorted(families.items()))


def _family(results: Results, family: str, trials: dict[str, list[tuple[str, int]]]) -> FamilyRow:
    fired = [results.by_id[one] for one, faults in trials.items() if any(times for _, times in faults)]
    verdicts = Counter(trial.verdict for trial in fired)
    return FamilyRow(
        family=family,
        kinds=tuple(sorted({kind for faults in trials.values() for kind, _ in faults})),
        planned=len(trials),
        fired=len(fired),
        hits=sum(times for faults in trials.values() for _, times in faults),
        held=verdicts["passed"],
        failed=verdicts["failed"],
        violated=verdicts["violated"],
    )


def coverage(results: Results) -> Coverage:
    """Return how many trials there are of each coverage."""
    counts = Counter(trial.fault_coverage or "clean" for trial in results.trials)
    return Coverage(counts["clean"], counts["none"], counts["partial"], counts["all"])


def plan_tables(results: Results) -> tuple[PlanTable, ...]:
    """Return a table for each scenario, plans in the order in which they were run."""
    cells: dict[str, dict[str, dict[str, list[Trial]]]] = {}
    for trial in results.trials:
        plans = cells.setdefault(trial.scenario, {})
        plans.setdefault(trial.fault_plan_id, {}).setdefault(trial.agent, []).append(trial)
    tables = []
    for scenario, plans in cells.items():
        agents = tuple(agent for one, agent in results.arms if one == scenario)
        rows = tuple(
            (plan, tuple(_plan_cell(by_agent.get(agent)) for agent in agents)) for plan, by_agent in plans.items()
        )
        tables.append(PlanTable(scenario, agents, rows))
    return tuple(tables)


def _plan_cell(trials: list[Trial] | None) -> PlanCell | None:
    if trials is None:
        return None
    counts = Counter(trial.verdict for trial in trials)
    worst = next(one for one in WORST_FIRST if counts[one])
    missed = counts["not_triggered"]
    return PlanCell(counts["passed"], len(trials) - missed - counts["harness_error"], missed, worst)
