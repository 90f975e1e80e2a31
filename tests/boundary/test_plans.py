"""A fault plan is data, and bad data is refused where it stands."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from harness.boundary import FaultPlan, PlannedFault, Trigger, plan_problems
from harness.content import all_fault_kinds


@pytest.mark.parametrize("given", [{}, {"nth": 1, "first": 2}, {"every": True, "nth": 1}])
def test_a_trigger_has_exactly_one_way(given: dict[str, object]) -> None:
    """None and two are both refused."""
    with pytest.raises(ValidationError, match="exactly one of"):
        Trigger.model_validate(given)


def test_a_window_has_to_be_open() -> None:
    """An empty window could never fire."""
    with pytest.raises(ValidationError, match="is empty"):
        Trigger(window=(5.0, 5.0))


def test_an_event_to_wait_for_has_to_exist() -> None:
    """A misspelt kind would wait for ever."""
    with pytest.raises(ValidationError, match="no event kind"):
        Trigger(after="run_begun")


def test_all_problems_of_a_plan_are_reported_together() -> None:
    """Unknown kind, unknown option, wrong port, needless and missing triggers."""
    plan = FaultPlan(
        id="bad",
        faults=(
            PlannedFault(kind="timeot"),
            PlannedFault(kind="timeout", options={"effct": "after"}),
            PlannedFault(kind="duplicate_delivery", at="model"),
            PlannedFault(kind="poisoned_document", at="tool", options={"injection": "x", "title": "y"}),
            PlannedFault(kind="clock_skew", options={"skew_s": 5}),
        ),
    )
    problems = list(plan_problems(plan, all_fault_kinds()))
    assert [problem.split(":")[0] for problem in problems] == [
        "faults.bad[0].kind",
        "faults.bad[1].options.effct",
        "faults.bad[2].at",
        "faults.bad[3].at",
        "faults.bad[4].when",
    ]


def test_the_draws_of_a_fault_depend_on_its_content_alone() -> None:
    """Dropping another fault of the plan shifts no draw."""
    one = PlannedFault(kind="timeout", at="tool", when=Trigger(probability=0.5))
    same = PlannedFault.model_validate(one.model_dump())
    other = PlannedFault(kind="timeout", at="tool", when=Trigger(probability=0.6))
    assert one.stream == same.stream != other.stream
