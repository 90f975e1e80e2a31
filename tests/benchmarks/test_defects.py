"""The table of defects: nothing is counted twice, nothing hangs on the process, and the least is really the least."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from benchmarks.defects import Defect, catching, context, load_defects, models
from benchmarks.defects.__main__ import main
from benchmarks.defects.catching import (
    FOLDER,
    first_failure,
    pattern_scenario,
    pattern_stems,
    play,
    told_apart,
    with_defect,
)
from benchmarks.defects.caught import Caught
from harness.boundary import PlannedFault
from harness.content import AgentSpec, PlanSpec, Scenario
from harness.orchestrator import Parts

DEFECTS = load_defects()
BELIEVED = DEFECTS["planner_is_believed"]
FACTS = (
    "missed world: values(refunds)[?order_id=='*'].amount_usd",
    "terminal_state completed",
    "unmet events.run_completed[completed, answer]",
    "verdict failed",
)


def scenario_with(plan: str, *more: Mapping[str, object]) -> Scenario:
    """Return the scenario of claims with one plan alone, and some faults besides those of that plan."""
    whole = pattern_scenario("claims_are_checked")
    spec = whole.faults[plan]
    faults = (*spec.faults, *(PlannedFault.model_validate(one) for one in more))
    return whole.model_copy(update={"faults": {plan: spec.model_copy(update={"faults": faults})}})


def test_there_are_at_least_fortyfive_defects() -> None:
    assert len(DEFECTS) >= 45


def test_no_two_defects_are_made_of_the_same_parts() -> None:
    assert len({one.parts for one in DEFECTS.values()}) == len(DEFECTS)


def test_a_defect_names_a_pattern_scenario_and_at_least_one_row() -> None:
    assert all(one.scenario in pattern_stems() and one.rows for one in DEFECTS.values())


def test_a_name_that_occurs_twice_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(models.DEFECTS, "no_window", Caught("sliding_window", "L28"))
    with pytest.raises(ValueError, match="two defects are named 'no_window'"):
        load_defects()


def test_faults_that_do_not_matter_are_left_out() -> None:
    slow = {"kind": "slow", "at": "tool:get_order", "options": {"delay_s": 0.1}}
    scenario = scenario_with("failed_for_good", slow)
    failure = first_failure(scenario, with_defect(scenario, BELIEVED))
    assert failure is not None
    assert failure.fault_plan == "http_error at tool:issue_refund first=8"


def test_faults_that_the_expectation_rests_on_are_kept() -> None:
    failure = first_failure(scenario_with("failed_for_good"), with_defect(scenario_with("failed_for_good"), BELIEVED))
    assert failure is not None
    assert failure.faults == scenario_with("failed_for_good").faults["failed_for_good"].faults


def test_the_sound_agent_does_not_fail_where_a_defect_does() -> None:
    scenario = pattern_scenario(BELIEVED.scenario)
    assert first_failure(scenario, scenario.agents[0]) is None
    assert first_failure(scenario, with_defect(scenario, BELIEVED)) is not None


def test_means_over_trials_can_catch_a_defect_that_no_trial_shows() -> None:
    defect = DEFECTS["thinks_twice"]
    failure = first_failure(pattern_scenario(defect.scenario), with_defect(pattern_scenario(defect.scenario), defect))
    assert failure is not None
    assert failure.signature == ("unmet overall.cost_usd",)
    assert failure.trials == 20


def test_a_scenario_that_expects_nothing_catches_nothing() -> None:
    scenario = pattern_scenario(BELIEVED.scenario).model_copy(update={"faults": {"clean": PlanSpec()}})
    assert first_failure(scenario, AgentSpec(name="believed", parts=BELIEVED.parts)) is None


def test_two_processes_find_what_one_finds() -> None:
    chosen = [DEFECTS[name] for name in ("no_repair", "thinks_twice", "planner_is_believed")]
    assert list(play(chosen, (), 2)) == list(play(chosen, (), 1))


def test_two_defects_are_told_apart_where_one_scenario_tells_them_apart() -> None:
    chosen = [DEFECTS["planner_is_believed"], DEFECTS["no_news_is_good_news"]]
    alike = ["answer_is_a_contract"]
    [(_, one), (_, other)] = play(chosen, alike, 1)
    assert not told_apart(one, other)
    [(_, one), (_, other)] = play(chosen, [*alike, "claims_are_checked"], 1)
    assert told_apart(one, other)


def test_the_command_says_where_a_defect_is_caught(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["defects", "planner_is_believed", "--jobs", "1"])
    assert main() == 0
    assert capsys.readouterr().out.splitlines() == [
        "planner_is_believed -> claims_are_checked, 3 trials, http_error at tool:issue_refund first=8",
        "    " + " | ".join(FACTS),
        "1 of 1 defects caught; 1 of them distinct",
    ]


def test_the_command_fails_when_a_defect_is_not_caught(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(models, "sound", Parts(), raising=False)
    monkeypatch.setitem(models.DEFECTS, "sound", Caught("sliding_window", "L28"))
    monkeypatch.setattr("sys.argv", ["defects", "sound", "--jobs", "1"])
    assert main() == 1
    assert "sound -> NOT caught by sliding_window" in capsys.readouterr().out


def test_the_command_fails_when_a_scenario_does_not_hold_without_a_defect(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    broken = (FOLDER / "sliding_window.yaml").read_text(encoding="utf-8").replace("steps: 9", "steps: 8")
    (tmp_path / "broken_window.yaml").write_text(broken, encoding="utf-8")
    monkeypatch.setattr(catching, "FOLDER", tmp_path)
    monkeypatch.setitem(context.DEFECTS, "no_window", Caught("broken_window", "L28"))
    monkeypatch.setattr("sys.argv", ["defects", "no_window", "--jobs", "1"])
    assert main() == 1
    assert "broken_window does not hold with its own sound agent" in capsys.readouterr().out


def test_the_command_knows_its_defects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["defects", "no_such_thing"])
    with pytest.raises(SystemExit, match="there is no defect 'no_such_thing'"):
        main()


def test_a_defect_is_plain_data() -> None:
    assert DEFECTS["no_repair"] == Defect(
        "no_repair", "benchmarks.defects.models:no_repair", "answer_is_a_contract", ("D5",)
    )
