"""The tables say what happened, and nothing that was not shown."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis import (
    Results,
    coverage,
    family_table,
    findings,
    guard_costs,
    headline,
    heat_maps,
    load_results,
    plan_tables,
    replay_command,
    score_tables,
    select,
    summarise,
    timeline,
    timelines,
    verdict_table,
)
from harness.errors import DatasetError
from harness.history import Event
from tests.analysis.datasets import event, trial, write_by_hand

VERDICTS = st.tuples(
    st.sampled_from(["passed", "failed", "violated", "not_triggered", "harness_error"]),
    st.sampled_from([None, "none", "partial", "all"]),
)


def made(folder: Path, **tables: list[dict[str, Any]]) -> Results:
    """Write tables and read them back."""
    return load_results(write_by_hand(folder, **tables))


@given(st.lists(VERDICTS, min_size=1, max_size=30))
def test_a_trial_that_no_fault_reached_never_counts_as_held(
    tmp_path_factory: pytest.TempPathFactory, shapes: list[tuple[str, str | None]]
) -> None:
    """Whatever the mix: verdicts add up to trials, and only trials with a fired fault are in the share."""
    rows = [
        trial(f"t{number}", verdict=verdict, fault_coverage=covered) for number, (verdict, covered) in enumerate(shapes)
    ]
    (row,) = verdict_table(made(tmp_path_factory.mktemp("mix"), trials=rows))
    assert row.passed + row.failed + row.violated + row.not_triggered + row.harness_error == row.trials == len(shapes)
    fired = [verdict for verdict, covered in shapes if covered in ("partial", "all") and verdict != "harness_error"]
    assert (row.held, row.triggered) == (fired.count("passed"), len(fired))
    assert row.share == (row.held / row.triggered if fired else None)


def test_the_verdict_table_of_a_real_run(lost: Results) -> None:
    """The sound agent holds wherever a fault fired; the two broken ones do not."""
    rows = {row.agent: row for row in verdict_table(lost)}
    assert (rows["reference"].held, rows["reference"].triggered, rows["reference"].violated) == (7, 7, 0)
    assert rows["reference"].not_triggered == 5
    assert rows["without_keys"].violated == 3
    assert rows["without_gate"].without == ("approval_gate",)


def test_what_was_not_measured_is_none_and_never_zero(tmp_path: Path) -> None:
    """A metric that no trial measured has no mean; one that some measured is the mean of those alone."""
    scores: list[dict[str, Any]] = [
        {"trial_id": "a", "metric": "cost_usd", "value": None, "basis": "not observed: usage"},
        {"trial_id": "a", "metric": "tool_f1", "value": 0.5, "basis": "measured"},
        {"trial_id": "b", "metric": "tool_f1", "value": None, "basis": "does not apply"},
        {"trial_id": "b", "metric": "cost_usd", "value": None, "basis": "not observed: usage"},
    ]
    (table,) = score_tables(made(tmp_path, trials=[trial("a"), trial("b")], scores=scores))
    cells = {row.metric: row.cells[0] for row in table.rows}
    assert (cells["cost_usd"].mean, cells["cost_usd"].measured, cells["cost_usd"].trials) == (None, 0, 2)
    assert (cells["tool_f1"].mean, cells["tool_f1"].measured) == (0.5, 1)


def test_trials_that_the_harness_broke_are_in_no_mean(tmp_path: Path) -> None:
    """A void trial says nothing of the agent."""
    scores: list[dict[str, Any]] = [
        {"trial_id": one, "metric": "success", "value": value, "basis": ""} for one, value in (("a", 1.0), ("b", 0.0))
    ]
    (table,) = score_tables(made(tmp_path, trials=[trial("a"), trial("b", verdict="harness_error")], scores=scores))
    assert (table.rows[0].cells[0].mean, table.rows[0].cells[0].trials) == (1.0, 1)


def test_heat_map_counts_add_up_to_the_faults(lost: Results) -> None:
    """Each fault that fired stands in a cell, each that did not in the row of those that never did."""
    fired: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for one in heat_maps(lost):
        fired[one.agent] += sum(cell.faults for row in one.rows for cell in row.cells if cell)
        missed[one.agent] += sum(one.never_reached)
    by_agent = Counter((lost.by_id[fault.trial_id].agent, fault.fired) for fault in lost.faults)
    assert fired == {agent: count for (agent, hit), count in by_agent.items() if hit}
    assert missed == {agent: count for (agent, hit), count in by_agent.items() if not hit}


def test_a_fault_counts_at_every_site_that_it_hit(tmp_path: Path) -> None:
    """Harm is not put down to the first call that a broad fault happened to touch."""
    fault = {"trial_id": "a", "fault": 0, "kind": "slow", "family": "slow", "at": "tool:*", "fired": True, "times": 3}
    events = [
        event("a", seq, "fault_injected", {"fault": 0, "kind": "slow"}, address=address)
        for seq, address in enumerate(["run-1/tool:read#1", "run-1/tool:write[id=1]#1", "run-1/tool:read#2"])
    ]
    faults = [{**fault, "first_address": "run-1/tool:read#1", "first_time_s": 0.0}]
    results = made(
        tmp_path, trials=[trial("a", fault_coverage="all", verdict="violated")], events=events, faults=faults
    )
    (one,) = heat_maps(results)
    assert [(row.site, row.cells[0].verdicts if row.cells[0] else None) for row in one.rows] == [
        ("tool:read", (("violated", 1),)),
        ("tool:write", (("violated", 1),)),
    ]


def test_a_fault_without_an_address_concerns_the_whole_trial(tmp_path: Path) -> None:
    """A skewed clock hits no call."""
    fault = {"trial_id": "a", "fault": 0, "kind": "clock_skew", "family": "clock", "at": "*", "fired": True, "times": 1}
    (one,) = heat_maps(made(tmp_path, trials=[trial("a", fault_coverage="all")], faults=[fault]))
    assert [row.site for row in one.rows] == ["whole trial"]


def test_findings_give_the_shortest_example_and_its_replay_command(lost: Results) -> None:
    """Breaches are grouped by agent, rule and tool."""
    found = {(one.agent, one.rule): one for one in findings(lost)}
    doubled = found["without_keys", "duplicate_effect"]
    assert (doubled.tool, doubled.count, doubled.trials, doubled.blocked) == ("issue_refund", 3, 3, False)
    of_the_rule = {one.trial_id for one in lost.breaches if one.rule == "duplicate_effect"}
    assert lost.lengths[doubled.example] == min(lost.lengths[one] for one in of_the_rule)
    assert doubled.replay == f"harness replay {lost.folder} {doubled.example}"
    attack = found["without_gate", "attack_succeeded"]
    assert (attack.tool, attack.message.partition(" ")[0]) == ("issue_refund", "pay_the_attacker")


def test_the_largest_finding_of_each_rule_comes_first(lost: Results) -> None:
    """A reader of the first few has seen every sort of harm."""
    order = [(one.agent, one.rule) for one in findings(lost) if not one.blocked]
    distinct = list(dict.fromkeys(order))
    assert order[: len(distinct)] == distinct


def test_failures_without_a_breach_are_findings_too(tmp_path: Path) -> None:
    """A missed goal is shown with its reason and fault plan."""
    rows = [trial("a", verdict="failed", reasons="[\"answer: lacks '42'\"]"), trial("b", verdict="harness_error")]
    found = {one.rule: one for one in findings(made(tmp_path, trials=rows))}
    assert "lacks '42'" in found["goal_missed"].message
    assert "plan" in found["goal_missed"].message
    assert found["harness_error"].example == "b"


def test_replay_commands_are_safe_to_paste(lost: Results) -> None:
    """Whatever a folder or an id is called, it stays one word."""
    command = replay_command(replace(lost, folder=Path("my runs/$(rm -rf ~)")), "'; reboot; '")
    assert command == """harness replay 'my runs/$(rm -rf ~)' ''"'"'; reboot; '"'"''"""


def test_what_guards_cost(lost: Results) -> None:
    """The gate asks a person about the attack's write; without it nobody is asked and the attack works."""
    rows = {row.agent: row for row in guard_costs(lost)}
    guarded, open_ = rows["gullible"], rows["without_gate"]
    assert (guarded.writes_asked.hits, guarded.writes_asked.total) == (1, 1)
    assert (open_.writes_asked.hits, open_.writes_asked.total) == (0, 1)
    assert (guarded.attack_success.value, open_.attack_success.value) == (0.0, 1.0)
    assert guarded.unreached == 1
    assert (guarded.approvals_clean, guarded.approvals_attacked, open_.approvals_attacked) == (0.5, 1.0, 0.0)
    assert rows["reference"].writes_asked.value is None


def test_families_coverage_and_plans_agree(lost: Results) -> None:
    """Three views of the same trials have the same totals."""
    covered = coverage(lost)
    assert covered.clean + covered.none + covered.partial + covered.all == len(lost.trials)
    families = {row.family: row for row in family_table(lost)}
    assert (families["timeout"].planned, families["timeout"].fired) == (16, 8)
    assert sum(row.fired for row in families.values()) == covered.partial + covered.all
    (table,) = plan_tables(lost)
    cells = [cell for _, row in table.rows for cell in row if cell]
    assert sum(cell.counted + cell.not_triggered for cell in cells) == len(lost.trials)


def test_the_headline_names_whole_agents_first(lost: Results) -> None:
    """One sentence for each agent, the verdict in words."""
    sentences = headline(lost)
    assert sentences[0].text == "The reference orchestrator held in 7 of 7 trials with a fault that fired."
    assert (sentences[2].verdict, sentences[2].text) == (
        "violated",
        "Without idempotency keys, 3 trials doubled an effect.",
    )


def test_the_headline_does_not_praise_what_was_not_tested(tmp_path: Path) -> None:
    """Where no fault fired, nothing was held."""
    (sentence,) = headline(made(tmp_path, trials=[trial("a", fault_coverage="none", verdict="not_triggered")]))
    assert sentence.text == "The reference orchestrator was reached by no fault."
    assert sentence.verdict == "not_triggered"


def test_a_timeline_says_how_a_stream_ended() -> None:
    started = Event(0, 0.0, "model_call_started", run_id="run-1", port="model", name="planner")
    payload = {"call": 0, "parts": [[0.0, "{"]], "ending": "stalled"}
    ended = Event(1, 1.0, "model_call_completed", run_id="run-1", port="model", name="planner", payload=payload)
    [bar] = timeline("a", [started, ended]).bars
    assert bar.detail.endswith("ok after 1 s: a stream, stalled")


def test_a_timeline_shows_calls_faults_and_effects(lost: Results) -> None:
    """The lost acknowledgement is an unknown bar, and both refunds are on the lane of effects."""
    chosen = next(one for one in lost.trials if (one.agent, one.fault_plan_id) == ("without_keys", "lost_ack"))
    (drawn,) = timelines(lost, [chosen.trial_id])
    refunds = [bar for bar in drawn.bars if bar.lane == "run-1/tool:issue_refund"]
    assert [bar.status for bar in refunds] == ["unknown", "ok"]
    assert [mark.label for mark in drawn.marks if mark.kind == "effect_committed"] == ["issue_refund O-1"] * 2
    (fault,) = (mark for mark in drawn.marks if mark.kind == "fault_injected")
    assert (fault.label, fault.target) == ("timeout", "run-1/tool:issue_refund")
    assert {bar.status for bar in drawn.bars if bar.lane == "run-1/approval"} == {"approved"}
    lanes = [lane.label for lane in drawn.lanes]
    assert (lanes[0], lanes[-1]) == ("faults", "breaches")
    assert {mark.lane for mark in drawn.marks} | {bar.lane for bar in drawn.bars} <= {lane.key for lane in drawn.lanes}


def test_a_call_that_never_ended_is_open() -> None:
    """An aborted trial is drawn up to where it came."""
    started = Event(0, 1.0, "tool_call_started", run_id="run-1", port="tool", name="read")
    aborted = Event(1, 7.0, "trial_aborted", result="failed", payload={"error": "Deadlock"})
    drawn = timeline("a", [started, aborted])
    assert [(bar.status, bar.start_s, bar.end_s) for bar in drawn.bars] == [("open", 1.0, 7.0)]
    assert [lane.label for lane in drawn.lanes] == ["tool:read", "control"]
    assert timeline("b", []).bars == ()


def test_bad_trials_and_some_that_held_are_worth_a_picture(lost: Results) -> None:
    """The findings' examples come first; of what held, one for each kind of fault."""
    found = findings(lost)
    chosen = select(lost, found)
    assert chosen.bad[: len(found)] == tuple(dict.fromkeys(one.example for one in found))
    assert {lost.by_id[one].verdict for one in chosen.bad} == {"violated"}
    assert len(chosen.bad) == sum(one.verdict == "violated" for one in lost.trials)
    assert all(lost.by_id[one].held for one in chosen.held)


def test_the_summary_is_plain_data(lost: Results) -> None:
    """The columns fit the rows, and the share is in words."""
    short = summarise(lost)
    assert all(len(row) == len(short.columns) for row in short.rows)
    assert short.rows[0] == ("lost", "reference", 14, 9, 0, 0, 5, 0, "7 of 7")


def test_a_folder_that_holds_no_results_is_refused(tmp_path: Path) -> None:
    """The error names the folder."""
    with pytest.raises(DatasetError, match=r"holds no manifest\.json"):
        load_results(tmp_path)


def test_a_corrupt_table_is_refused(tmp_path: Path) -> None:
    """The error names the file."""
    write_by_hand(tmp_path, trials=[trial("a")])
    (tmp_path / "events" / "part-00000.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(DatasetError, match=r"part-00000\.parquet: not a readable Parquet file"):
        load_results(tmp_path)


def test_text_that_should_be_json_is_refused(tmp_path: Path) -> None:
    """A trial whose reasons are no list of texts is a changed file."""
    write_by_hand(tmp_path, trials=[trial("a", reasons="[1")])
    with pytest.raises(DatasetError, match="no JSON"):
        load_results(tmp_path)
    write_by_hand(tmp_path, trials=[trial("a", reasons="[1]")])
    with pytest.raises(DatasetError, match="trial 'a'"):
        load_results(tmp_path)
