"""A stored trial plays again from its recorded model answers, against the same faults."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.boundary import FaultPlan, PlannedFault, Trigger
from harness.campaign import TrialSpec, expand, find_scenario, load_scenario, make_manifest, run_campaign, run_trial
from harness.content import AgentSpec
from harness.history import Event
from harness.planners import VERSIONS
from harness.store import write_manifest
from tests.analysis.datasets import run_shop


def actions(events: Sequence[Event]) -> list[tuple[object, ...]]:
    """Return what a run did and how it ended, without the recorder's own numbers."""
    return [
        (one.time_s, one.kind, one.name, one.result, one.payload.get("arguments"), one.payload.get("answer"))
        for one in events
        if one.port == "tool" or one.kind == "run_completed"
    ]


def with_planner(spec: TrialSpec, planner: str, **options: str) -> TrialSpec:
    """Return the same trial with another planner."""
    agent = AgentSpec(name="again", planner=planner, planner_options=options, without=spec.agent.without)
    return spec.model_copy(update={"agent": agent})


def test_every_recorded_trial_takes_the_same_way_again(shop: Path, tmp_path: Path) -> None:
    del shop
    specs = expand(load_scenario(find_scenario("lost")))
    run_shop(tmp_path)
    for spec in specs:
        again = with_planner(spec, "replay", run=str(tmp_path), trial_id=spec.trial_id)
        assert actions(run_trial(again).record.events) == actions(run_trial(spec).record.events)


def test_an_answer_that_broke_off_is_no_recorded_answer(shop: Path, tmp_path: Path) -> None:
    del shop
    fault = PlannedFault(kind="broken_stream", at="model:planner", when=Trigger(nth=2), options={"ending": "cut"})
    spec = expand(load_scenario(find_scenario("lost")))[0].model_copy(update={"plan": FaultPlan(faults=(fault,))})
    run_campaign([spec], tmp_path)
    write_manifest(tmp_path, make_manifest([spec], command="harness run", seed=0))
    again = with_planner(spec, "replay", run=str(tmp_path), trial_id=spec.trial_id)
    assert actions(run_trial(again).record.events) == actions(run_trial(spec).record.events)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_simulated_model_plays_the_same_trial_to_the_byte(shop: Path, version: str) -> None:
    del shop
    for spec in expand(load_scenario(find_scenario("lost"))):
        simulated = with_planner(spec, "simulated", version=version)
        assert run_trial(simulated).record.events == run_trial(simulated).record.events
