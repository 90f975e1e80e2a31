"""Plans and worlds that Hypothesis draws: sound, within reach, and small when something is found."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from harness.boundary import CallFault, FaultPlan, PlannedFault, plan_problems
from harness.content import AgentSpec, all_fault_kinds
from harness.errors import ContentError, SimulationError, UsageError
from harness.strategies import World, fault_plans, play, worlds
from harness.world import Change

DESK, BOWLS = "support_desk", "bowls_in_shards"
NAIVE = "tests.strategies.agents:without_keys"
LOST_ACKNOWLEDGEMENT = PlannedFault(kind="timeout", at="tool:issue_refund", options={"effect": "after"})
# As in a test of a user, and the same at every run.
SAME = settings(derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))


def pays_twice(plan: FaultPlan, agent: Any = NAIVE) -> bool:
    return play(DESK, BOWLS, plan, agent=agent).value("duplicate_effects") != 0


@given(plan=fault_plans(DESK, BOWLS))
def test_every_drawn_plan_is_sound(plan: FaultPlan) -> None:
    assert list(plan_problems(plan, all_fault_kinds())) == []
    assert len(plan.faults) <= 3
    assert len({one.model_dump_json() for one in plan.faults}) == len(plan.faults)


@given(plan=fault_plans(DESK, BOWLS, max_faults=1))
def test_one_fault_at_a_call_of_the_run_hits_unless_it_is_left_to_chance(plan: FaultPlan) -> None:
    sure = [one for one in plan.faults if one.when.probability is None]
    if any(isinstance(all_fault_kinds()[one.kind], CallFault) for one in sure):
        assert play(DESK, BOWLS, plan).fault_coverage == "all"


@given(plan=fault_plans(DESK, BOWLS))
def test_the_reference_pays_once_under_every_plan(plan: FaultPlan) -> None:
    assert not pays_twice(plan, "reference")


def test_the_double_refund_of_a_naive_agent_is_found_and_shrunk_to_one_fault() -> None:
    plans = fault_plans(DESK, BOWLS, agent=NAIVE)
    found = find(plans, pays_twice, settings=SAME)
    assert len(found.faults) == 1
    assert "tool:issue_refund" in found.faults[0].at
    assert pays_twice(found)
    assert find(plans, pays_twice, settings=SAME) == found


def test_a_plan_shrinks_to_no_fault_then_to_the_first_call_and_its_simplest_way() -> None:
    plans = fault_plans(DESK, BOWLS)
    assert find(plans, lambda _plan: True, settings=SAME).faults == ()
    [first] = find(plans, lambda plan: bool(plan.faults), settings=SAME).faults
    assert first.at == "run-1/model:planner"
    assert first.when.nth == 1


@given(plan=fault_plans(DESK, BOWLS, kinds=["clock_skew"]))
def test_only_the_kinds_that_are_named_are_drawn(plan: FaultPlan) -> None:
    assert {one.kind for one in plan.faults} <= {"clock_skew"}


def draw_one(strategy: st.SearchStrategy[Any]) -> Any:
    return find(strategy, lambda _drawn: True, settings=SAME)


def kind_for_writes_alone() -> str:
    kinds = sorted(all_fault_kinds().items())
    reached = ("tool", "retrieval", "model")
    return next(
        name
        for name, kind in kinds
        if isinstance(kind, CallFault) and kind.variants and not any(kind.applies_to(port, "read") for port in reached)
    )


@pytest.mark.parametrize(
    ("domain", "task", "kinds", "told"),
    [
        ("nowhere", BOWLS, None, "domain 'nowhere' does not exist"),
        (DESK, "dishes", None, "support_desk has no task 'dishes'; known: .*bowls_in_shards"),
        (DESK, BOWLS, ["gremlin"], "no fault 'gremlin' says its variants; known: .*clock_skew"),
        (DESK, "orders_still_on_their_way", [kind_for_writes_alone()], "none of these faults applies to support_desk/"),
    ],
)
def test_what_can_not_be_drawn_is_said(domain: str, task: str, kinds: list[str] | None, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        draw_one(fault_plans(domain, task, kinds=kinds))


def test_equal_arguments_give_equal_scorecards_and_other_seeds_other_times() -> None:
    plan = FaultPlan(faults=(LOST_ACKNOWLEDGEMENT,))
    cards = [play(DESK, BOWLS, plan, seed=seed) for seed in (3, 3, 4)]
    assert cards[0] == cards[1]
    assert cards[0].value("virtual_s") != cards[2].value("virtual_s")


def test_an_agent_can_be_all_that_a_scenario_says() -> None:
    agent = {"name": "blunt", "without": ["idempotency_keys"], "policy": {"retry": {"look_up": []}}}
    plan = FaultPlan(faults=(LOST_ACKNOWLEDGEMENT,))
    assert pays_twice(plan, agent)
    assert pays_twice(plan, AgentSpec.model_validate(agent))
    assert not pays_twice(plan, "reference")


def test_a_plan_that_its_kinds_do_not_allow_is_refused() -> None:
    plan = FaultPlan(faults=(PlannedFault(kind="timeout", at="tool:*", options={"effect": "sideways"}),))
    with pytest.raises(ContentError, match=r"options\.effect"):
        play(DESK, BOWLS, plan)


def test_a_trial_that_could_not_be_played_shows_nothing() -> None:
    """Any other end would let a test pass that has tested nothing."""
    torn: World = (Change(("orders", "O-1003"), "changed", None, {"status": "delivered"}),)
    with pytest.raises(SimulationError, match="bowls_in_shards could not be played: the trial was aborted: KeyError"):
        play(DESK, BOWLS, world=torn)


@given(world=worlds(DESK, BOWLS), plan=fault_plans(DESK, BOWLS))
def test_the_reference_pays_once_in_every_world(world: World, plan: FaultPlan) -> None:
    assert play(DESK, BOWLS, plan, world=world).value("duplicate_effects") == 0


@given(world=worlds("payables", "pay_one_invoice"))
def test_a_task_is_as_it_was_in_every_world(world: World) -> None:
    assert play("payables", "pay_one_invoice", world=world).outcome == "passed"


@given(world=worlds(DESK, BOWLS, max_changes=4))
def test_a_world_differs_where_the_task_does_not_look(world: World) -> None:
    assert len(world) <= 4
    assert all(one.path[1] != "O-1003" for one in world)
    paths = sorted(one.path for one in world)
    assert all(one != other for one, other in pairwise(paths)), "two changes at one place"
    tables = {one.path[0] for one in world if one.kind == "added"}
    assert tables <= {"customers", "orders", "tickets"}, "a new refund would change the number of the next one"


def test_an_agent_that_takes_the_newest_order_is_found_by_one_newcomer() -> None:
    agent = "tests.strategies.agents:newest_order"
    assert play(DESK, BOWLS, agent=agent).outcome == "passed"
    found = find(
        worlds(DESK, BOWLS),
        lambda world: play(DESK, BOWLS, agent=agent, world=world).outcome != "passed",
        settings=SAME,
    )
    [newcomer] = found
    assert newcomer.path == ("orders", "O-1036")
    assert newcomer.after["customer_id"] == "C-102"


def test_newcomers_get_an_id_each() -> None:
    def has_two_orders_more(world: World) -> bool:
        return [one.path[0] for one in world if one.kind == "added"].count("orders") > 1

    found = find(worlds(DESK, BOWLS), has_two_orders_more, settings=SAME)
    assert [one.path for one in found] == [("orders", "O-1036"), ("orders", "O-1037")]
    assert found[0].after != found[1].after


@pytest.mark.usefixtures("shop")
def test_a_world_without_rows_can_not_vary() -> None:
    with pytest.raises(UsageError, match="nothing can vary in rough"):
        draw_one(worlds("rough", "look_around"))


def test_without_hypothesis_the_cure_is_told() -> None:
    script = "import sys; sys.modules['hypothesis'] = None; import harness.strategies"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (
        "MissingExtra: harness.strategies needs Hypothesis; pip install 'agent-chaos-harness[hypothesis]'"
        in done.stderr
    )
