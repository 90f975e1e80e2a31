"""The numbers of running an agent, against small datasets that were counted by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis import OperationsRow, Results, Share, load_results, operations
from tests.analysis.datasets import event, trial, write_by_hand


def run(trial_id: str, **values: Any) -> dict[str, Any]:
    """Return a row of the runs table."""
    return {"trial_id": trial_id, "run_id": "run-1", "start_s": 0.0, **values}


def only(folder: Path, **tables: list[dict[str, Any]]) -> OperationsRow:
    """Return the only row of a dataset."""
    [row] = operations(load_results(write_by_hand(folder, **tables)))
    return row


def ended(trial_id: str, seq: int, kind: str, name: str, port: str = "tool") -> dict[str, Any]:
    """Return the end of a call."""
    return event(trial_id, seq, kind, name=name, port=port)


def test_success_is_counted_overall_and_among_the_trials_that_ended_alike(tmp_path: Path) -> None:
    """Three of four completed ones, none of the halted, and one that was not measured."""
    rows = [trial(f"c{number}", success=float(number > 0)) for number in range(4)]
    rows += [trial("h", success=0.0, terminal_state="halted"), trial("n", success=None, terminal_state="halted")]
    row = only(tmp_path, trials=rows)
    assert row.success == Share(3, 5)
    assert row.by_terminal_state == (("completed", Share(3, 4)), ("halted", Share(0, 1)))


def test_steps_are_the_mean_over_runs_that_counted_them(tmp_path: Path) -> None:
    """Two runs of one trial, and one that says nothing."""
    runs = [run("a", steps=2), run("a", run_id="run-2", steps=5), run("b", steps=None)]
    row = only(tmp_path, trials=[trial("a"), trial("b")], runs=runs)
    assert (row.runs, row.steps_per_run) == (3, 3.5)


def test_tool_errors_are_of_the_calls_of_each_tool_that_ended(tmp_path: Path) -> None:
    """Not of look-ups by key, of models, or of people."""
    events = [
        *(ended("a", seq, "tool_call_completed", "look", "retrieval") for seq in range(3)),
        ended("a", 3, "tool_call_failed", "look", "retrieval"),
        ended("a", 4, "tool_call_failed", "pay"),
        ended("a", 5, "tool_call_completed", "recall", "memory"),
        *(ended("a", 6, "tool_call_failed", "pay", port) for port in ("store", "user")),
        event("a", 8, "tool_call_started", name="pay", port="tool"),
        event("a", 9, "model_call_failed", name="planner", port="model"),
    ]
    row = only(tmp_path, trials=[trial("a")], events=events)
    assert row.tool_errors == (("look", Share(1, 4)), ("pay", Share(1, 1)), ("recall", Share(0, 1)))
    assert row.tool_error == Share(2, 6)


def test_retries_are_of_all_calls_by_the_error_that_they_follow(tmp_path: Path) -> None:
    """Five calls to models and tools, three of them after an error."""
    starts = ["model_call_started", "model_call_started", *["tool_call_started"] * 3, "approval_requested"]
    events = [event("a", seq, kind, port="any") for seq, kind in enumerate(starts)]
    errors = ["timeout", "rate_limit", "timeout"]
    events += [event("a", 10 + seq, "retry_scheduled", error_type=one) for seq, one in enumerate(errors)]
    row = only(tmp_path, trials=[trial("a")], events=events)
    assert row.retries == (("rate_limit", Share(1, 5)), ("timeout", Share(2, 5)))
    assert row.retry == Share(3, 5)


def test_a_run_is_out_of_a_budget_and_falls_back_to_a_mode_once(tmp_path: Path) -> None:
    """However often it says so; two runs of one trial are two."""
    runs = [run("a"), run("a", run_id="run-2"), run("b"), run("c")]
    told = [("a", "run-1", "steps"), ("a", "run-1", "steps"), ("a", "run-2", "steps"), ("b", "run-1", "cost")]
    events = [
        event(trial_id, seq, kind, {key: said}, run_id=run_id)
        for seq, (trial_id, run_id, said) in enumerate(told)
        for kind, key in (("budget_exceeded", "budget"), ("fallback_activated", "mode"))
    ]
    row = only(tmp_path, trials=[trial("a"), trial("b"), trial("c")], runs=runs, events=events)
    assert row.budgets == row.fallbacks == (("cost", Share(1, 4)), ("steps", Share(2, 4)))


def test_the_cost_of_a_success_bears_that_of_the_failures(tmp_path: Path) -> None:
    """Six cents for two successes; a trial without a cost says nothing of it."""
    costs = [(0.01, 1.0), (0.02, 1.0), (0.03, 0.0), (None, 1.0)]
    rows = [trial(str(number), cost_usd=cost, success=success) for number, (cost, success) in enumerate(costs)]
    assert only(tmp_path, trials=rows).cost_per_success_usd == pytest.approx(0.03)


def test_without_a_success_there_is_no_cost_of_one(tmp_path: Path) -> None:
    """And where nothing was measured there is nothing."""
    row = only(tmp_path, trials=[trial("a", cost_usd=0.5, success=0.0)])
    assert (row.cost_per_success_usd, row.steps_per_run, row.duration_median_s, row.duration_p95_s) == (None,) * 4
    assert (row.tool_error.value, row.retry.value, row.success.value) == (None, None, 0.0)


def test_durations_are_of_runs_that_ended(tmp_path: Path) -> None:
    """Twenty of them, from 1 s to 20 s, begun at any time: the median lies between, the 95th percentile is the 19th."""
    runs = [run("a", run_id=str(number), start_s=5.0, end_s=6.0 + number) for number in range(20)]
    row = only(tmp_path, trials=[trial("a")], runs=[*runs, run("a", run_id="aborted", end_s=None)])
    assert (row.duration_median_s, row.duration_p95_s) == (10.5, 19.0)


@given(durations=st.lists(st.floats(0, 1e6), min_size=1, max_size=40))
def test_at_least_95_of_100_runs_take_no_longer_than_the_95th_percentile(
    tmp_path_factory: pytest.TempPathFactory, durations: list[float]
) -> None:
    """And it is the time that a run really took."""
    runs = [run("a", run_id=str(number), end_s=one) for number, one in enumerate(durations)]
    p95_s = only(tmp_path_factory.mktemp("durations"), trials=[trial("a")], runs=runs).duration_p95_s
    assert p95_s in durations
    assert sum(one <= p95_s for one in durations) >= 0.95 * len(durations)
    assert sum(one < p95_s for one in durations) < 0.95 * len(durations)


def test_what_the_harness_broke_is_in_no_number(tmp_path: Path) -> None:
    """Not in one."""
    void: dict[str, Any] = {"verdict": "harness_error", "success": 1.0, "cost_usd": 9.0}
    rows = [trial("a", success=1.0, cost_usd=1.0), trial("void", **void)]
    events = [event("void", 0, "budget_exceeded", {"budget": "steps"}), ended("void", 1, "tool_call_failed", "pay")]
    row = only(tmp_path, trials=rows, runs=[run("a", end_s=1.0), run("void", end_s=99.0)], events=events)
    assert (row.runs, row.success, row.cost_per_success_usd, row.duration_p95_s) == (1, Share(1, 1), 1.0, 1.0)
    assert (row.budgets, row.tool_errors) == ((), ())


def test_each_agent_of_each_scenario_has_numbers_of_its_own(lost: Results) -> None:
    """As many rows as there are agents, and all runs in them."""
    rows = operations(lost)
    assert [(row.scenario, row.agent) for row in rows] == list(lost.arms)
    assert sum(row.runs for row in rows) == len(lost.runs)
