"""Runs with the same wish in one world take turns in many orders, each of them again with the same seed."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from benchmarks.defects.catching import first_failure
from harness.campaign import TrialSpec, expand, load_scenario, run_campaign, run_trial
from harness.content import Scenario
from harness.history import history_digest
from harness.scoring import Record
from harness.simulation import Schedule
from harness.store import read_table

ROOT = Path(__file__).parents[2]
CONTENDED = ("contention", "contention_of_intents")
SEEDS = 24

Interleaving = tuple[tuple[str, str], ...]


def scenario_of(stem: str, **changes: object) -> Scenario:
    return load_scenario(ROOT / "scenarios" / f"{stem}.yaml").model_copy(update=changes)


def specs_of(stem: str, trials: int, plan: str = "clean", schedule: Schedule = "seeded") -> list[TrialSpec]:
    """Return trials of the first task of a scenario with its first agent under one plan."""
    whole = scenario_of(stem, schedule=schedule)
    fewer = whole.model_copy(
        update={"faults": {plan: whole.faults[plan]}, "tasks": whole.tasks[:1], "agents": whole.agents[:1]}
    )
    return expand(fewer, trials=trials)


def interleaving(record: Record) -> Interleaving:
    """Return whose calls were sent and answered, in order."""
    return tuple((str(one.run_id), one.kind) for one in record.events if one.port in ("tool", "model"))


def ties(record: Record) -> list[tuple[str, str]]:
    """Return whose answer came before whose at the same instant."""
    ends = record.of("model_call_completed", "tool_call_completed", "tool_call_failed")
    pairs = itertools.pairwise(ends)
    return [
        (str(one.run_id), str(two.run_id))
        for one, two in pairs
        if one.time_s == two.time_s and one.run_id != two.run_id
    ]


@pytest.mark.parametrize("stem", CONTENDED)
def test_seeds_interleave_the_runs_in_many_ways(stem: str) -> None:
    records = [run_trial(one).record for one in specs_of(stem, SEEDS)]
    assert len({interleaving(one) for one in records}) >= SEEDS // 3
    assert {one.of("effect_committed")[0].run_id for one in records} == {"run-1", "run-2"}


@pytest.mark.parametrize("stem", CONTENDED)
def test_the_seed_decides_between_answers_that_come_at_the_same_instant(stem: str) -> None:
    """Either run may come first, also where both have been asked in the same order."""
    found = [one for spec in specs_of(stem, SEEDS) for one in ties(run_trial(spec).record)]
    for tie in ("run-1", "run-2"), ("run-2", "run-1"):
        assert found.count(tie) >= len(found) / 4 > 1


def test_without_a_seeded_schedule_hardly_any_two_answers_come_at_the_same_instant() -> None:
    assert [
        one for spec in specs_of(CONTENDED[0], SEEDS, schedule="fifo") for one in ties(run_trial(spec).record)
    ] == []


def test_the_same_seed_gives_the_same_history_whatever_the_number_of_jobs(tmp_path: Path) -> None:
    specs = [one for stem in CONTENDED for one in specs_of(stem, 6, "lost_acknowledgement")]
    expected = {one.trial_id: history_digest(run_trial(one).record.events) for one in specs}
    assert len(set(expected.values())) == len(specs)
    for jobs in 1, 2:
        run_campaign(specs, tmp_path / str(jobs), jobs=jobs)
        rows = read_table(tmp_path / str(jobs), "trials").to_pylist()
        assert {row["trial_id"]: row["history_digest"] for row in rows} == expected


@pytest.mark.parametrize("stem", CONTENDED)
def test_a_scenario_of_contention_holds_with_the_sound_agents_and_with_no_other(stem: str) -> None:
    scenario = scenario_of(stem, trials=4)
    assert [one.contrast for one in scenario.agents] == [False, True]
    for agent in scenario.agents:
        assert (first_failure(scenario, agent) is None) is not agent.contrast, agent.name


@pytest.mark.parametrize("stem", CONTENDED)
def test_every_plan_of_contention_hurts_every_trial(stem: str) -> None:
    """Whatever the seed; a trial that was not hurt does not pass, and nobody would be to blame."""
    scenario = scenario_of(stem)
    for spec in expand(scenario, agents=scenario.agents[:1], trials=2, seed=1):
        record = run_trial(spec).record
        assert bool(record.of("fault_injected")) is (spec.plan.id != "clean"), spec.plan.id
