"""The smallest plan that fails in the same way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.boundary import FaultPlan, PlannedFault
from harness.campaign import RunSpec, TrialSpec, find_scenario, load_scenario
from harness.content import AgentSpec, all_fault_kinds
from harness.errors import ContentError, UsageError
from harness.exploration import bases_of, play, regressions_for, save, shrink
from tests.exploration.conftest import REFERENCE, TASK, WITHOUT_KEYS

pytestmark = pytest.mark.usefixtures("shop")

LOST = {"kind": "timeout", "at": "tool:issue_refund", "options": {"effect": "after"}}
SLOW_READ = {"kind": "slow", "at": "tool:get_order", "options": {"delay_s": 3.0}}
NEVER = {"kind": "timeout", "at": "tool:get_order", "when": {"nth": 40}}


def failing(*faults: dict[str, Any], agent: AgentSpec = WITHOUT_KEYS, runs: int = 1) -> TrialSpec:
    (base,) = bases_of(TASK, [agent])
    plan = FaultPlan(id="big", faults=tuple(PlannedFault.model_validate(one) for one in faults))
    return base.under(plan).with_runs(
        tuple(RunSpec(run_id=f"run-{one + 1}", start_s=600.0 * one) for one in range(runs))
    )


def test_faults_that_do_not_matter_are_dropped() -> None:
    shrunk = shrink(failing(SLOW_READ, LOST, NEVER), play, all_fault_kinds())
    assert [fault.kind for fault in shrunk.after.plan.faults] == ["timeout"]
    assert shrunk.played.signature == play(failing(SLOW_READ, LOST, NEVER)).signature


def test_an_outage_becomes_the_one_call_that_it_takes() -> None:
    shrunk = shrink(failing({**LOST, "when": {"first": 1}}), play, all_fault_kinds())
    assert shrunk.after.plan.faults[0].when.nth == 1


def test_a_fault_that_strikes_many_calls_becomes_the_one_that_it_takes() -> None:
    """Reads that are delivered twice do no harm, whenever they come."""
    anywhere = {"kind": "duplicate_delivery", "at": "*", "when": {"every": True}}
    assert len(play(failing(anywhere)).addresses[0]) == 2
    [fault] = shrink(failing(anywhere), play, all_fault_kinds()).after.plan.faults
    assert (fault.at, fault.when.nth) == ("run-1/tool:issue_refund[order_id=O-1]", 1)


def test_a_delay_becomes_as_short_as_it_can_be() -> None:
    late = {"kind": "duplicate_delivery", "at": "tool:issue_refund", "options": {"delay_s": 512.0}}
    shrunk = shrink(failing(late), play, all_fault_kinds())
    assert shrunk.after.plan.faults[0].options.get("delay_s", 0.0) < 1.0
    assert shrunk.played.outcome == "violated"


def test_the_smallest_plan_fails_in_the_same_way_and_says_what_it_took() -> None:
    shrunk = shrink(failing(LOST), play, all_fault_kinds())
    assert play(shrunk.after) == shrunk.played
    assert shrunk.replays >= 1


def test_a_trial_that_does_not_fail_is_refused() -> None:
    with pytest.raises(UsageError, match=r"does not fail \(recovered\); name one that does"):
        shrink(failing(LOST, agent=REFERENCE), play, all_fault_kinds())


@pytest.fixture
def project(tmp_path: Path, shop: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty project."""
    (tmp_path / "pyproject.toml").write_text(f'[tool.harness]\npack = "{tmp_path.name}"\n')
    for name in ("golden", "fault_injectors"):
        (tmp_path / name).symlink_to(shop / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_saved_failure_is_a_scenario_with_its_signature_and_what_is_expected(project: Path) -> None:
    path = save(shrink(failing(SLOW_READ, LOST), play, all_fault_kinds()))
    assert path.parent == project / "scenarios" / "regressions"
    scenario = load_scenario(find_scenario(path.stem))
    assert "violation duplicate_effect issue_refund executed" in scenario.signature
    assert scenario.expectation("shrunk").verdict == ("passed", "failed")  # type: ignore[union-attr]
    assert "null" not in path.read_text()
    assert yaml.safe_load(path.read_text())["faults"]["shrunk"][0]["kind"] == "timeout"


@pytest.mark.usefixtures("project")
def test_a_regression_is_played_again_for_its_agent_alone() -> None:
    spec = failing(LOST)
    save(shrink(spec, play, all_fault_kinds()))
    (again,) = regressions_for([spec])
    assert play(again).signature == play(spec).signature
    assert regressions_for([failing(LOST, agent=REFERENCE)]) == []


@pytest.mark.usefixtures("project")
def test_a_regression_is_played_with_the_agent_as_it_is_now() -> None:
    save(shrink(failing(LOST), play, all_fault_kinds()))
    mended = AgentSpec(name="without_keys")
    (again,) = regressions_for([failing(LOST, agent=mended)])
    assert again.agent == mended
    assert play(again).outcome == "recovered"


def test_a_regression_of_another_agent_need_not_be_readable(project: Path) -> None:
    save(shrink(failing(LOST), play, all_fault_kinds()))
    [path] = (project / "scenarios/regressions").glob("*.yaml")
    gone = path.read_text().replace("without_keys", "somebody").replace("agent: reference", "agent: gone_with_the:wind")
    path.with_name("another.yaml").write_text(gone)
    assert [one.agent.name for one in regressions_for([failing(LOST)])] == ["without_keys"]
    path.with_name("shapeless.yaml").write_text("agents: 3")
    with pytest.raises(ContentError):
        regressions_for([failing(LOST)])
