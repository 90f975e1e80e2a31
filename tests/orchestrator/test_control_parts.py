"""The small parts of the control round a planner, each by itself."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from harness.boundary import Call, Principal, Reply, Session, ToolSpec, failed, succeeded
from harness.content import Ask, Budget
from harness.history import History
from harness.orchestrator import Policy
from harness.orchestrator.budgets import BudgetMeter, TenantSpend
from harness.orchestrator.bulkheads import ToolBulkheads
from harness.orchestrator.contracts import BrokenContract, StrictContracts
from harness.orchestrator.derivations import TrustedDerivations
from harness.orchestrator.ending import honest
from harness.orchestrator.halts import Halt
from harness.orchestrator.keys import IntentKeys
from harness.orchestrator.kill_switch import ErrorRateSwitch
from harness.orchestrator.loops import RepeatGuard
from harness.orchestrator.retries import Backoff
from harness.orchestrator.window import SlidingWindow
from harness.planners import Context, Observation, ToolRequest, observe
from harness.simulation import simulate


class Thing(BaseModel):
    id: str
    usd: float = 0.0


PAY = ToolSpec("pay", "Pay.", Thing, effect="irreversible", identity=("id",))
LOOK = ToolSpec("look", "Look.", Thing, identity=("id",))
RUMOUR = ToolSpec("rumour", "Hear.", Thing, identity=("id",), untrusted=True)
CATALOGUE = {spec.name: spec for spec in (PAY, LOOK, RUMOUR)}
ASK = Ask(task_id="t", text="Pay A.")


class StandingClock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def now(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self.now_s += seconds


def session(clock: StandingClock | None = None, tenant: str = "north") -> Session:
    """Return a session that nobody calls through; its events are in ``session().emit.history``."""

    async def send(_call: Call) -> Reply:
        raise AssertionError

    history = History(lambda: 0.0)

    def emit(kind: Any, *, step: int | None = None, **fields: Any) -> object:
        return history.append(kind, step=step, **fields)

    return Session("run-1", Principal("ann", tenant), CATALOGUE, send, clock or StandingClock(), emit, lambda _one: 0.0)


def seen(tool: str, status: Any = "ok", value: Any = None, **arguments: Any) -> Observation:
    return observe(ToolRequest(tool, {"id": "A", **arguments}), status, value)


# Keys.

INTENTS = st.lists(st.tuples(st.sampled_from(["goods", "freight", "tip"]), st.booleans()), min_size=1, max_size=12)


@given(plan=INTENTS)
def test_an_intent_has_one_key_for_ever_and_no_two_finished_intents_share_one(plan: list[tuple[str, bool]]) -> None:
    keys = IntentKeys("run-1")
    of_intent: dict[str, str | None] = {}
    finished: dict[str | None, str] = {}
    for intent, works in plan:
        key = keys.key(PAY, ToolRequest("pay", {"id": "A"}, intent), 0.0)
        assert of_intent.setdefault(intent, key) == key
        if works:
            keys.applied(key)
            assert finished.setdefault(key, intent) == intent or of_intent[finished[key]] == key


def test_two_intents_that_both_worked_are_two_effects() -> None:
    keys = IntentKeys("run-1")
    made = []
    for intent in ("goods", "freight"):
        made.append(keys.key(PAY, ToolRequest("pay", {"id": "A"}, intent), 0.0))
        keys.applied(made[-1])
    assert made == ['run-1:pay:{"id":"A"}:1', 'run-1:pay:{"id":"A"}:2']


@given(unknown=st.integers(1, 4))
def test_a_reworded_repeat_after_an_unknown_outcome_is_the_same_effect(unknown: int) -> None:
    """Whatever the planner calls it, as long as nobody knows that it took place."""
    keys = IntentKeys("run-1")
    asked = {
        keys.key(PAY, ToolRequest("pay", {"id": "A", "usd": float(one)}, f"try-{one}"), 0.0) for one in range(unknown)
    }
    assert len(asked) == 1


def test_the_age_of_a_key_counts_from_its_first_use() -> None:
    keys = IntentKeys("run-1")
    key = keys.key(PAY, ToolRequest("pay", {"id": "A"}), 10.0)
    keys.key(PAY, ToolRequest("pay", {"id": "A"}), 50.0)
    assert (keys.age_s(key, 70.0), keys.age_s(None, 70.0)) == (60.0, 0.0)


# Retries.


@given(calls=st.integers(1, 30), per_run=st.integers(1, 15))
def test_all_layers_together_retry_no_more_than_the_budget_of_the_run(calls: int, per_run: int) -> None:
    """A planner that asks for everything twice, of tools that always fail."""
    retries = Backoff(Policy.model_validate({"retry": {"per_run": per_run}}), lambda _address: 0.0)
    spent = 0
    for number in [*range(calls), *range(calls)]:
        call = Call("tool", "look", {"id": str(number)}, "run-1")
        if not retries.admits(call):
            continue
        attempt = 1
        while retries.wait_s(call, failed("timeout", "slow"), attempt, read=True) is not None:
            attempt, spent = attempt + 1, spent + 1
    assert spent <= per_run


@pytest.mark.parametrize(
    ("error", "read", "again"), [("conflict", True, True), ("conflict", False, False), ("validation", True, False)]
)
def test_what_is_worth_another_try_depends_on_what_the_call_does(error: Any, read: bool, again: bool) -> None:
    """An optimistic lock on a read is; on a write it is not, and a wrong argument never."""
    retries = Backoff(Policy(), lambda _address: 0.0)
    assert (retries.wait_s(Call("tool", "look", {}, "run-1"), failed(error, "no"), 1, read=read) is not None) is again


# Budgets.


@given(costs=st.lists(st.floats(0, 0.5), max_size=20))
def test_the_runs_of_a_tenant_never_cost_more_than_its_ceiling(costs: list[float]) -> None:
    """Whoever runs them: a call is refused before it could overshoot."""
    spend, spent = TenantSpend(Policy.model_validate({"tenant": {"max_cost_usd": 1.0}})), 0.0
    for cost in costs:
        try:
            spend.refuse("north", cost)
        except Halt:
            continue
        spend.charge("north", cost)
        spent += cost
    assert spent <= 1.0 + 1e-9
    spend.refuse("south", 1.0)


def test_a_parked_run_gets_its_time_back() -> None:
    clock = StandingClock()
    meter = BudgetMeter(Budget(deadline_s=60.0), Policy(), session(clock), TenantSpend(Policy()), 0.0)
    clock.now_s = 50.0
    meter.park(45.0)
    assert meter.cut(100.0) == 55.0
    clock.now_s = 105.0
    with pytest.raises(Halt, match="deadline_s"):
        meter.cut(1.0)


# Bulkheads, kill switch, loops.


@given(places=st.integers(1, 4), calls=st.integers(1, 12))
def test_no_more_calls_of_one_tool_are_under_way_than_it_has_places(places: int, calls: int) -> None:
    most = [0, 0]

    async def main() -> None:
        bulkheads = ToolBulkheads(Policy(bulkhead=places))

        async def call() -> None:
            async with bulkheads.admit("pay"):
                most[0] += 1
                most[1] = max(most)
                await asyncio.sleep(1)
                most[0] -= 1

        await asyncio.gather(*(call() for _ in range(calls)))

    simulate(main)
    assert most[1] == min(places, calls)


@given(replies=st.lists(st.booleans(), max_size=40))
def test_the_kill_switch_trips_exactly_when_too_many_of_the_last_calls_failed(replies: list[bool]) -> None:
    switch, doors = ErrorRateSwitch(Policy.model_validate({"kill_switch": {"error_rate": 0.5, "calls": 4}})), session()
    last: list[bool] = []
    for works in replies:
        switch.learn(succeeded({}) if works else failed("timeout", "slow"), doors)
        last = [*last, works][-4:]
        assert switch.is_off(doors) == (last.count(False) >= 2)
        if switch.is_off(doors):
            return


def test_an_honest_second_look_after_a_write_is_no_loop() -> None:
    guard = RepeatGuard(Policy(repeats_max=1), session())
    look = ToolRequest("look", {"id": "A"})
    guard.check(look, 1)
    guard.saw(seen("pay"), wrote=True)
    guard.check(look, 2)
    with pytest.raises(Halt, match="2 times"):
        guard.check(look, 3)


# Contracts, window, derivations, ending.


@pytest.mark.parametrize(
    "value",
    [
        "Done.",
        {},
        {"answer": "Done.", "calls": [{"tool": "look", "arguments": {}}]},
        {"answer": "Done.", "confidence": 7},
        {"answer": "Done.", "mood": "good"},
        {"calls": [{"tool": "", "arguments": {}}]},
    ],
)
def test_an_answer_without_the_shape_of_its_role_is_no_answer(value: Any) -> None:
    with pytest.raises(BrokenContract):
        StrictContracts().read("planner", value)


@given(
    sizes=st.lists(st.integers(0, 4_000), max_size=15),
    window=st.integers(1, 5),
    tokens_max=st.integers(1, 3_000),
)
def test_the_window_keeps_the_last_whole_and_forgets_no_request(sizes: list[int], window: int, tokens_max: int) -> None:
    """Above the limit, whatever lies before the window is short; below it nothing is touched."""
    policy = Policy.model_validate({"context": {"window": window, "tokens_max": tokens_max}})
    observations = [seen("look", value={"text": "x" * size, "id": "A"}) for size in sizes]
    context = Context(ASK, CATALOGUE, observations)
    view = SlidingWindow(policy, session()).view(context, 1)
    assert [one.request for one in view.observations] == [one.request for one in observations]
    assert [one.value["id"] for one in view.observations] == ["A"] * len(sizes)
    assert view.observations[len(sizes) - window :] == observations[len(sizes) - window :] or len(sizes) < window
    if context.tokens <= tokens_max:
        assert view.observations == observations
    elif view.tokens > tokens_max:
        assert all(len(one.value["text"]) <= 61 for one in view.observations[: max(0, len(sizes) - window)])


def test_an_argument_is_derived_from_the_last_trusted_result_on_the_same_thing() -> None:
    policy = Policy(derived={"pay.usd": "look.due_usd"})
    derivations = TrustedDerivations(policy, CATALOGUE)
    for observation in (
        seen("look", value={"due_usd": 10.0}),
        seen("look", value={"due_usd": 20.0}),
        observe(ToolRequest("look", {"id": "B"}), "ok", {"due_usd": 99.0}),
        seen("rumour", value={"due_usd": 5000.0}),
        seen("look", status="failed"),
    ):
        derivations.saw(observation)
    assert derivations.apply(ToolRequest("pay", {"id": "A", "usd": 7.0})).arguments == {"id": "A", "usd": 20.0}
    assert derivations.apply(ToolRequest("pay", {"id": "C", "usd": 7.0})).arguments == {"id": "C", "usd": 7.0}


@pytest.mark.parametrize(
    ("observations", "left", "told"),
    [
        ([seen("pay")], 0, False),
        ([seen("look", "failed")], 0, False),
        ([seen("pay", "denied")], 0, False),
        ([seen("pay", "failed")], 0, True),
        ([seen("pay", "unknown")], 1, True),
        ([seen("pay", "drafted")], 1, True),
        ([seen("pay", "unknown"), seen("pay")], 0, False),
    ],
)
def test_an_ending_names_each_write_that_is_not_settled(observations: list[Observation], left: int, told: bool) -> None:
    """A later success settles it; a no of a person is no open end."""
    ending = honest("All done.", observations, CATALOGUE)
    assert (len(ending.open_ends), ending.answer != "All done.") == (left, told)
