"""Where a scenario does not hold is said once for each agent, fault plan and place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.analysis import Results, Share, as_expected, findings, load_results, select, summarise, unexpected
from harness.errors import DatasetError
from tests.analysis.datasets import event, trial, write_by_hand

STEPS = "metrics.steps: expected at most 6, got {}"


def judged(trial_id: str, *unmet: str, expected: bool | None = None, **values: Any) -> dict[str, Any]:
    """Return a trial of which something is expected."""
    held = not unmet if expected is None else expected
    return trial(trial_id, unmet=msgspec.json.encode(unmet).decode(), as_expected=held, **values)


def spec(**values: Any) -> str:
    """Return the spec of a trial as stored."""
    return msgspec.json.encode({"agent": {"name": "reference"}, **values}).decode()


def made(folder: Path, *trials: dict[str, Any], **tables: list[dict[str, Any]]) -> Results:
    """Return the results of some trials."""
    return load_results(write_by_hand(folder, trials=list(trials), **tables))


def test_trials_that_fall_short_in_the_same_place_are_one_line_with_the_shortest_as_example(tmp_path: Path) -> None:
    results = made(
        tmp_path,
        judged("long", STEPS.format(7)),
        judged("short", STEPS.format(9)),
        judged("fine"),
        events=[event("long", 0, "run_started"), event("long", 1, "run_completed"), event("short", 0, "run_started")],
    )
    [one] = unexpected(results)
    assert (one.key, one.trials, one.message, one.example) == ("metrics.steps", 2, STEPS.format(9), "short")
    assert one.replay == f"harness replay {tmp_path} short"
    assert as_expected(results) == Share(1, 3)


def test_agents_plans_and_places_are_told_apart(tmp_path: Path) -> None:
    results = made(
        tmp_path,
        judged("a", "verdict: expected passed, got failed", STEPS.format(7)),
        judged("b", STEPS.format(7), agent="other"),
        judged("c", STEPS.format(7), fault_plan_id="outage"),
    )
    assert [(one.agent, one.fault_plan_id, one.key) for one in unexpected(results)] == [
        ("reference", "plan", "verdict"),
        ("reference", "plan", "metrics.steps"),
        ("reference", "outage", "metrics.steps"),
        ("other", "plan", "metrics.steps"),
    ]


def test_where_nothing_is_expected_nothing_is_unexpected(lost: Results) -> None:
    assert (unexpected(lost), as_expected(lost)) == ((), Share(0, 0))


def scored(*values: float | None, metric: str = "success") -> list[dict[str, Any]]:
    """Return one score for each of the trials 0, 1, 2 and so on."""
    return [
        {"trial_id": str(number), "metric": metric, "value": value, "basis": ""} for number, value in enumerate(values)
    ]


def test_a_mean_is_taken_over_the_trials_of_one_agent_and_plan_that_measured_it(tmp_path: Path) -> None:
    """Two of three succeeded; the fourth was not measured, the fifth is void, the sixth another plan's."""
    expects = spec(expect_overall={"success": {"at_least": 0.6}})
    plan: list[dict[str, Any]] = [{}, {}, {}, {}, {"verdict": "harness_error"}, {"fault_plan_id": "outage"}]
    rows = [trial(str(number), spec=expects, **values) for number, values in enumerate(plan)]
    held = made(tmp_path / "held", *rows, scores=scored(1.0, 1.0, 0.0, None, 0.0, 1.0))
    assert unexpected(held) == ()
    missed = made(tmp_path / "missed", *rows, scores=scored(1.0, 0.0, 0.0, None, 1.0, 1.0))
    [one] = unexpected(missed)
    assert (one.fault_plan_id, one.message) == ("plan", "overall.success: expected at least 0.6, got 0.333333333333")
    assert one.trials == 5


def test_a_mean_that_nobody_measured_is_not_as_expected(tmp_path: Path) -> None:
    row = trial("0", spec=spec(expect_overall={"cost_usd": {"at_most": 1}}))
    [one] = unexpected(made(tmp_path, row, scores=scored(None, metric="cost_usd")))
    assert one.message == "overall.cost_usd: expected at most 1, not measured"


def test_of_trials_that_the_harness_broke_no_mean_is_expected(tmp_path: Path) -> None:
    row = trial("0", verdict="harness_error", spec=spec(expect_overall={"success": 1}))
    assert unexpected(made(tmp_path, row)) == ()


def contrast(trial_id: str, *unmet: str, **values: Any) -> dict[str, Any]:
    """Return a trial of an agent that is there to fall short."""
    return judged(trial_id, *unmet, spec=spec(agent={"name": "weak", "contrast": True}), agent="weak", **values)


def test_an_agent_for_contrast_is_expected_to_fall_short_somewhere(tmp_path: Path) -> None:
    """Under one plan is enough, and it does not count among the trials that are as expected."""
    results = made(tmp_path, contrast("clean"), contrast("hurt", STEPS.format(7), fault_plan_id="outage"), judged("a"))
    assert (unexpected(results), as_expected(results)) == ((), Share(1, 1))


def test_an_agent_for_contrast_that_falls_short_of_nothing_is_said(tmp_path: Path) -> None:
    [one] = unexpected(made(tmp_path, contrast("a"), contrast("b", fault_plan_id="outage")))
    assert (one.agent, one.message, one.trials) == ("weak", "contrast: falls short of nothing", 2)


def test_examples_are_worth_a_picture_whatever_their_verdict(tmp_path: Path) -> None:
    results = made(tmp_path, judged("a", STEPS.format(7)), judged("b"))
    assert select(results, findings(results), unexpected(results)).bad == ("a",)


def test_the_summary_says_what_was_expected_in_vain(tmp_path: Path) -> None:
    short = summarise(made(tmp_path, judged("a", STEPS.format(7)), judged("b")))
    assert (short.as_expected, [one.key for one in short.unexpected]) == (Share(1, 2), ["metrics.steps"])


@pytest.mark.parametrize("broken", [{"expect_overall": {"success": {"at_least": "much"}}}, {"expect_overall": 5}])
def test_an_expectation_that_can_not_be_read_is_refused_with_its_trial(tmp_path: Path, broken: dict[str, Any]) -> None:
    with pytest.raises(DatasetError, match="trial 'a'"):
        made(tmp_path, trial("a", spec=spec(**broken)))
