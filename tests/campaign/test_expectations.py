"""What a scenario expects goes with every trial into the results, and stored trials are judged by it again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.boundary import FaultPlan
from harness.campaign import TrialSpec, expand, load_scenario, make_manifest, rescore, run_campaign
from harness.campaign.rows import brain_of
from harness.content import AgentSpec, Expectation
from harness.store import SCHEMAS, read_table, write_manifest

SCENARIO = """
scenario: held
domain: shop
tasks: [refund_damaged]
agents: [reference, {name: without_keys, without: [idempotency_keys]}]
expect:
  metrics: {duplicate_effects: 0, steps: {at_least: 1, at_most: 6}}
  answer: {contains: ["40"]}
expect_overall: {success: {at_least: 0.9}}
faults:
  clean: []
  lost_ack:
    - {kind: timeout, at: "tool:issue_refund", when: {nth: 1}, options: {effect: after}}
  unseen:
    faults: [{kind: timeout, at: "tool:add_note"}]
    expect: {verdict: not_triggered}
    expect_overall: {}
"""


@pytest.fixture
def specs(shop: Path, tmp_path: Path) -> list[TrialSpec]:
    """Return the trials of a scenario that expects something."""
    del shop
    (tmp_path / "held.yaml").write_text(SCENARIO)
    return expand(load_scenario(tmp_path / "held.yaml"))


@pytest.fixture
def results(specs: list[TrialSpec], tmp_path: Path) -> Path:
    """Return the folder of its results."""
    folder = tmp_path / "results"
    run_campaign(specs, folder)
    write_manifest(folder, make_manifest(specs, command="test", seed=0))
    return folder


def spec(**values: Any) -> TrialSpec:
    """Return a trial without expectations."""
    plain = {"scenario": "s", "domain": "d", "task_id": "t", "agent": "reference", "plan": FaultPlan()}
    return TrialSpec.model_validate({**plain, "seed": 1, "trial": 0, **values})


def test_a_trial_of_which_nothing_is_expected_keeps_its_name() -> None:
    """The name that it had before specs could say what is expected, and by how many people it is reviewed."""
    assert spec().trial_id == "b8ad4f747130"
    assert spec(expect=Expectation()).trial_id != spec().trial_id
    assert spec(agent={"name": "reference", "reviewers": 1}).trial_id != spec().trial_id


def test_a_plan_expects_something_else_as_a_whole(specs: list[TrialSpec]) -> None:
    """Nothing of the scenario's expectation is left in it."""
    by_plan = {one.plan.id: one for one in specs}
    assert by_plan["unseen"].expect == Expectation(verdict=("not_triggered",))
    assert by_plan["unseen"].expect_overall == {}
    assert by_plan["clean"].expect == by_plan["lost_ack"].expect
    assert by_plan["clean"].expect_overall is not None


def test_a_spec_read_back_expects_the_same_and_has_the_same_name(specs: list[TrialSpec]) -> None:
    """To the comparer."""
    for one in specs:
        read = TrialSpec.model_validate_json(one.model_dump_json())
        assert (read, read.trial_id) == (one, one.trial_id)


def test_another_agent_has_to_meet_the_same_expectations(tmp_path: Path, specs: list[TrialSpec]) -> None:
    """They belong to the scenario."""
    mine = expand(load_scenario(tmp_path / "held.yaml"), agents=[AgentSpec(name="mine")])
    assert [one.expect for one in mine] == [one.expect for one in specs if one.agent.name == "reference"]


def test_the_trials_table_says_what_is_as_expected_and_what_is_not(results: Path) -> None:
    """And by its signature how it failed."""
    rows = {(row["agent"], row["fault_plan_id"]): row for row in read_table(results, "trials").to_pylist()}
    broken = rows.pop(("without_keys", "lost_ack"))
    assert {(row["as_expected"], row["unmet"], row["signature"]) for row in rows.values()} == {
        (True, "[]", "as_expected")
    }
    assert broken["as_expected"] is False
    assert broken["unmet"] == (
        '["verdict: expected passed, got violated","metrics.duplicate_effects: expected 0, got 1"]'
    )
    assert broken["signature"] == (
        "missed world: refunds|values(@)[].order_id | terminal_state completed | unmet metrics.duplicate_effects"
        " | verdict violated | violation duplicate_effect issue_refund executed"
    )


def test_scoring_again_says_the_same(results: Path) -> None:
    """From the stored spec alone."""
    assert rescore(results).changed == ()


@pytest.mark.parametrize(
    ("column", "value"), [("as_expected", None), ("unmet", '["verdict"]'), ("signature", "as_planned")]
)
def test_what_was_written_over_is_put_right_again(results: Path, column: str, value: str | None) -> None:
    """As every column that scoring fills."""
    path = results / "trials" / "part-00000.parquet"
    before = pq.read_table(path).to_pylist()
    wrong = [{**before[0], column: value}, *before[1:]]
    pq.write_table(pa.Table.from_pylist(wrong, schema=SCHEMAS["trials"]), path)
    assert rescore(results).changed == (f"{before[0]['trial_id']} {column}: {value} -> {before[0][column]}",)
    assert pq.read_table(path).to_pylist() == before


@pytest.mark.parametrize(
    ("planner", "brain"),
    [
        ("scripted", "scripted"),
        ("gullible", "scripted"),
        ("simulated", "simulated"),
        ("replay", "replayed"),
        ("chat", "live"),
    ],
)
def test_a_verdict_names_the_brain_that_it_rests_on(planner: str, brain: str) -> None:
    """That of the planner; an agent of one's own brings its own."""
    assert brain_of(AgentSpec(name="a", planner=planner)) == brain
    assert brain_of(AgentSpec(name="a", agent="module:agent", planner=planner)) == "live"
