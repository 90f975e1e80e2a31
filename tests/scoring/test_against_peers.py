"""Where other harnesses are wrong about paths, this one is right; each test is named after what is right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from harness.boundary import FaultPlan, ToolFacts
from harness.content import Task
from harness.history import Event
from harness.scoring import Record, argument_score, match, score
from tests.scoring.test_matching import TOOLS, call, path

Call = tuple[str, dict[str, Any]]
PATH = {"tool_precision", "tool_recall", "tool_f1", "argument_score"}


def scores(calls: Sequence[Call], expected: dict[str, Any]) -> dict[str, float | None]:
    """Score the path of one run that made these calls, each with success."""
    events = [Event(0, 0.0, "run_started", "run-1")]
    for tool, arguments in calls:
        start = Event(len(events), 0.0, "tool_call_started", "run-1", 1, "tool", tool, payload={"arguments": arguments})
        events += [start, Event(start.seq + 1, 0.0, "tool_call_completed", "run-1", 1, "tool", tool, result="ok")]
        events[-1].payload = {"call": start.seq, "value": {}}
    events.append(Event(len(events), 0.0, "run_completed", "run-1", result="completed", payload={"answer": ""}))
    task = Task.model_validate({"id": "t", "ask": "?", "expect": {"calls": expected}})
    tools = {tool: ToolFacts("write", ("id",)) for tool in "abc"}
    card = score(Record(task, tools, FaultPlan(), (), events))
    return {name: card.value(name) for name in PATH}


def test_repeated_identical_calls_against_as_many_goldens_score_one() -> None:
    twice = [("a", {"id": 1}), ("a", {"id": 1})]
    assert scores(twice, {"required": [{"tool": "a"}, {"tool": "a"}]}) == dict.fromkeys(PATH, 1.0)


def test_extra_calls_lower_precision() -> None:
    found = scores([("a", {}), ("b", {}), ("b", {}), ("c", {})], {"required": [{"tool": "a"}]})
    assert (found["tool_precision"], found["tool_recall"]) == (0.25, 1.0)


def test_one_call_never_satisfies_two_goldens() -> None:
    found = scores([("a", {"id": 1})], {"required": [{"tool": "a"}, {"tool": "a"}]})
    assert (found["tool_precision"], found["tool_recall"]) == (1.0, 0.5)


def test_generated_ids_are_ignored_when_so_declared() -> None:
    wanted = {"required": [{"tool": "a", "args": {"id": {"anything": True}, "usd": 5}}]}
    assert scores([("a", {"id": "made-up-4711", "usd": 5})], wanted) == dict.fromkeys(PATH, 1.0)


@pytest.mark.parametrize("order", ["abc", "bac", "bca"])
def test_reordering_inside_the_partial_order_costs_nothing(order: str) -> None:
    required = [{"tool": tool, "id": tool} for tool in "abc"]
    wanted = {"required": required, "order": [["b", "c"]]}
    assert scores([(tool, {}) for tool in order], wanted) == dict.fromkeys(PATH, 1.0)


def test_no_call_where_none_is_expected_is_right_and_no_call_where_one_is_expected_is_not() -> None:
    assert scores([], {"required": []})["tool_f1"] == 1.0
    assert scores([], {"required": [{"tool": "a"}]})["tool_f1"] == 0.0
    assert scores([("a", {})], {"required": []})["tool_f1"] == 0.0


arguments = st.fixed_dictionaries({name: st.integers(0, 2) for name in ("x", "y", "z")})


@given(
    actual=st.lists(st.tuples(st.sampled_from("ab"), arguments), max_size=6),
    wanted=st.lists(st.tuples(st.sampled_from("ab"), arguments), min_size=1, max_size=5),
)
def test_the_matching_is_the_exact_maximum_and_not_the_greedy_one(actual: list[Call], wanted: list[Call]) -> None:
    """The assignment problem of scipy is the oracle: most pairs first, then the best arguments."""
    calls = [call(tool, **given_arguments) for tool, given_arguments in actual]
    expected = path(*(tool for tool, _ in wanted))
    required = tuple(
        one.model_validate({**one.model_dump(exclude_unset=True), "args": {**args}})
        for one, (_, args) in zip(expected.required, wanted, strict=True)
    )
    expected = expected.model_copy(update={"required": required})
    gains = np.array(
        [
            [
                1 + 1e-6 * argument_score(one.arguments, golden) if one.tool == golden.tool else 0.0
                for golden in required
            ]
            for one in calls
        ]
    ).reshape(len(calls), len(required))
    rows, columns = linear_sum_assignment(gains, maximize=True)
    found = match(calls, expected, TOOLS)
    ours = len(found.pairs) + 1e-6 * sum(found.argument_scores)
    assert ours == pytest.approx(float(gains[rows, columns].sum()), abs=1e-9)


def test_a_greedy_matching_would_have_lost_here() -> None:
    """First come, first served gives the only call that fits the second golden to the first one."""
    expected = path("a", "a")
    required = tuple(
        one.model_validate({"tool": "a", "id": one.id, "args": {"id": value}})
        for one, value in zip(expected.required, ({"any_of": [1, 2]}, 1), strict=True)
    )
    found = match([call("a", id=1), call("a", id=2)], expected.model_copy(update={"required": required}), TOOLS)
    assert sorted(found.pairs) == [(0, 1), (1, 0)]
