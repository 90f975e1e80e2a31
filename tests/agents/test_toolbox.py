"""What a function has at hand as an agent: tools, people, and the model that its spec names."""

from __future__ import annotations

from typing import Any

import pytest

from harness.agents import ModelFailed, Toolbox, ToolFailed, resolve
from harness.content import AgentSpec, Ask
from harness.errors import AgentError
from harness.planners import Observation, observe
from harness.scoring import Record, score
from tests.conftest import Play


async def thinks(_ask: Ask, tools: Toolbox) -> str:
    """Do what the model says, and let it know of everything."""
    seen: list[Observation] = []
    while (decision := await tools.think(seen, timeout_s=12.0)).answer is None:
        for request in decision.calls:
            try:
                seen.append(observe(request, "ok", await tools.call(request.tool, request.arguments)))
            except ToolFailed as error:
                seen.append(error.observed(request))
    return decision.answer


async def tells_what_it_spent(_ask: Ask, tools: Toolbox) -> str:
    """Ask the model twice, and account for it."""
    for _ in range(2):
        await tools.think()
    return f"{tools.steps} {tools.usage.tokens_in} {tools.usage.tokens_out} {tools.usage.cost_usd:.6f}"


async def tells_why_not(_ask: Ask, tools: Toolbox) -> str:
    """Ask the model once, and say what became of it."""
    try:
        decision = await tools.think(timeout_s=12.0)
    except ModelFailed as error:
        return f"{error.reply.status} {error.reply.error_type} after {tools.usage.tokens_out} tokens"
    return f"ok {len(decision.calls)}"


async def tells_its_budget(_ask: Ask, tools: Toolbox) -> str:
    """Say what it may use up, at the beginning and after the first call."""
    before = tools.budget
    await tools.think()
    return f"{before.max_steps} {tools.budget.max_steps} {tools.budget.max_cost_usd:g} {tools.budget.deadline_s:g}"


async def thinks_without_end(_ask: Ask, tools: Toolbox) -> str:
    """Never listen to what the model says."""
    for _ in range(17):
        await tools.think()
    return "delivered"


def played(play: Play, name: str, *faults: dict[str, Any], **options: Any) -> Record:
    """Play a trial of an agent of this module."""
    agent = {"name": name, "agent": f"tests.agents.test_toolbox:{name}", "planner": options.pop("planner", "scripted")}
    return play(*faults, agent=agent, **options).record


def test_the_model_behind_the_toolbox_is_the_planner_of_the_spec(play: Play) -> None:
    assert played(play, "thinks", task="order_status").answer == "Order O-2 is delivered."
    assert played(play, "thinks", task="order_status", planner="do_nothing").of("tool_call_started") == []


def test_results_that_it_is_shown_are_bound_to_later_calls(play: Play) -> None:
    [effect] = played(play, "thinks").of("effect_committed")
    assert effect.payload["arguments"] == {"order_id": "O-1", "amount_usd": 40.0, "reason": "damaged"}


def test_a_failed_call_that_it_is_shown_is_planned_once_more(play: Play) -> None:
    record = played(play, "thinks", {"kind": "http_error", "at": "tool:get_order"}, task="order_status")
    assert [event.result for event in record.of("tool_call_failed", "tool_call_completed")] == ["failed", "ok"]
    assert record.answer == "Order O-2 is delivered."


def test_model_calls_and_what_follows_from_them_carry_their_step(play: Play) -> None:
    record = played(play, "thinks", task="order_status")
    steps = [(event.kind, event.step) for event in record.events if event.step is not None]
    assert steps == [
        ("model_call_started", 1),
        ("model_call_completed", 1),
        ("tool_call_started", 1),
        ("tool_call_completed", 1),
        ("model_call_started", 2),
        ("model_call_completed", 2),
        ("run_completed", 2),
    ]
    assert score(record).value("steps") == 2


def test_it_knows_what_the_model_has_consumed(play: Play) -> None:
    record = played(play, "tells_what_it_spent")
    ends = record.of("model_call_completed")
    spent = [sum(getattr(end, name) for end in ends) for name in ("tokens_in", "tokens_out", "cost_usd")]
    assert record.answer == f"2 {spent[0]} {spent[1]} {spent[2]:.6f}"
    assert spent[0] > 0


def test_it_knows_its_budget_as_it_stands_after_a_cut(play: Play) -> None:
    cut = {"kind": "budget_cut", "when": {"window": [0.01, 60]}, "options": {"factor": 0.01}}
    assert played(play, "tells_its_budget").answer == "16 16 1 3600"
    assert played(play, "tells_its_budget", cut).answer == "16 1 0.01 3600"


MODEL_FAULTS: dict[str, dict[str, Any]] = {
    "ok 1": {"kind": "broken_stream", "options": {"first_delay_s": 11.0}},
    "failed transient_upstream after 29 tokens": {"kind": "broken_stream", "options": {"ending": "cut"}},
    "failed timeout after 29 tokens": {"kind": "broken_stream", "options": {"ending": "stalled"}},
    "failed rate_limit after 0 tokens": {"kind": "http_error", "options": {"status": 429}},
    "unknown timeout after 0 tokens": {"kind": "timeout"},
    "failed validation after 29 tokens": {"kind": "malformed_output", "options": {"shape": "not_json"}},
}


@pytest.mark.parametrize("answer", MODEL_FAULTS)
def test_an_answer_that_can_not_be_used_is_an_error_with_its_reply(play: Play, answer: str) -> None:
    record = played(play, "tells_why_not", {"at": "model", **MODEL_FAULTS[answer]})
    assert record.answer == answer


def test_turns_beyond_the_budget_are_seen(play: Play) -> None:
    [violation] = score(played(play, "thinks_without_end", task="order_status")).violations
    assert (violation.rule, violation.message) == ("budget_overshoot", "17 steps, 16 allowed")


def test_a_planner_that_does_not_exist_is_an_error_before_anything_is_played() -> None:
    spec = AgentSpec(name="thinks", agent="tests.agents.test_toolbox:thinks", planner="oracle")
    with pytest.raises(AgentError, match="there is no planner 'oracle'"):
        resolve(spec)
