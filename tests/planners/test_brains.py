"""Planners by name, and what they can be told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import harness.planners
from harness.errors import AgentError
from harness.planners import PLANNERS, Decision, check_planner, make_brain
from tests.planners.cases import REFERENCE, context


@pytest.mark.parametrize("planner", ["scripted", "gullible", "do_nothing", "simulated"])
def test_a_planner_that_needs_to_be_told_nothing_passes_the_check(planner: str) -> None:
    check_planner(planner, {})


@pytest.mark.parametrize(
    ("planner", "options", "problem"),
    [
        ("guru", {}, "there is no planner 'guru'; known: scripted, gullible, .*, simulated, replay, chat"),
        ("scripted", {"wrong_tool": 1, "a": 0}, "the planner 'scripted' takes no options, not a, wrong_tool"),
        ("simulated", {"wrong_tool": 2}, "planner_options of 'simulated': wrong_tool: .*; known: version, wrong_tool"),
        ("simulated", {"wrong_tol": 0.5}, "wrong_tol: Extra inputs are not permitted; known: version, wrong_tool"),
        ("simulated", {"version": "v9"}, "there is no version 'v9'; known: v0, v1, v2, v3"),
        ("simulated", {"version": ["v1"]}, "there is no version"),
        ("replay", {}, "give one of answers, file, and run"),
        ("chat", {}, "needs a network, which no simulated trial has; give harness.planners.ChatModel to an Orch"),
    ],
)
def test_a_planner_that_can_not_be_made_is_refused_with_what_is_known(
    planner: str, options: dict[str, Any], problem: str
) -> None:
    with pytest.raises(AgentError, match=problem):
        check_planner(planner, options)
    with pytest.raises(AgentError, match=problem):
        make_brain(planner, REFERENCE, {}, options)


def refusal(make: Callable[[], object]) -> str | None:
    """Return why something can not be made; None when it can."""
    try:
        make()
    except AgentError as error:
        return str(error)
    return None


@given(
    st.sampled_from(PLANNERS),
    st.dictionaries(st.sampled_from(["version", "drift", "answers", "x"]), st.none() | st.floats() | st.just("v1")),
)
def test_a_check_says_beforehand_whether_a_brain_can_be_made(planner: str, options: dict[str, Any]) -> None:
    assert refusal(lambda: check_planner(planner, options)) == refusal(
        lambda: make_brain(planner, REFERENCE, {}, options)
    )


def test_the_seed_and_the_run_reach_the_simulated_model() -> None:
    def stops(**chance: Any) -> list[bool]:
        decisions = (
            make_brain("simulated", REFERENCE, {}, {"premature_stop": 0.5}, **{"seed": seed, **chance})(context())
            for seed in range(40)
        )
        return [isinstance(one, Decision) and one.answer is not None for one in decisions]

    assert len({str(stops()), str(stops(run_id="run-2")), str(stops(seed=1))}) == 3


def test_what_the_room_does_not_lend_out_is_not_there() -> None:
    with pytest.raises(AttributeError, match=r"module .* has no attribute 'nothing'"):
        getattr(harness.planners, "no" + "thing")
