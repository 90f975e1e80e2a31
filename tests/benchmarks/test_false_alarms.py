"""Without a fault there is nothing to report, whatever the latencies and however the model errs harmlessly."""

from __future__ import annotations

import pytest

from benchmarks.false_alarms import MODELS, judge, judge_all, play, spec
from harness.campaign import run_trial
from harness.content import AgentSpec, load_domain
from harness.scoring import score

TASKS = len(load_domain("support_desk").tasks)
A_ROUND = TASKS * len(MODELS)


def test_a_round_of_all_tasks_and_models_raises_no_alarm() -> None:
    judged = judge_all(range(A_ROUND))
    assert [one.alarms for one in judged if one.alarms] == []
    assert {one.verdict for one in judged} == {"passed", "failed"}
    assert len({one.history for one in judged}) == A_ROUND


def numbers_of(model: str) -> range:
    first = list(MODELS).index(model) * TASKS
    return range(first, first + TASKS)


def test_the_sound_model_does_everything() -> None:
    assert {judge(number).verdict for number in numbers_of("sound")} == {"passed"}


@pytest.mark.parametrize(
    ("model", "kinds"),
    [
        ("restless", ("loop_detected",)),
        ("wrong", ("tool_call_failed", "policy_denied")),
    ],
)
def test_the_other_models_err(model: str, kinds: tuple[str, ...]) -> None:
    records = [play(number).record for number in numbers_of(model)]
    assert any(record.of(*kinds) for record in records)


def test_a_trial_is_the_same_wherever_it_is_played() -> None:
    assert judge(1_234) == judge(1_234)
    assert play(7).record.events[0].kind == "run_started"


def test_a_model_that_does_what_is_forbidden_is_reported() -> None:
    """Zero is no virtue where nothing could be found."""
    options = {"version": "v0", "drift": 0.3}
    drifting = AgentSpec(name="drifting", planner="simulated", planner_options=options, approver="always")
    trials = [spec(0).model_copy(update={"agent": drifting, "seed": seed}) for seed in range(60)]
    cards = [score(run_trial(trial, {}).record) for trial in trials]
    assert any(one.rule == "duplicate_effect" for card in cards for one in card.violations)
