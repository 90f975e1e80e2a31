"""Where two trials part, how, and by whom."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from harness.history import Event
from harness.triage import Divergence, part
from tests.triage.conftest import LOST, REFUSED, events_of

pytestmark = pytest.mark.usefixtures("shop")


def fork(baseline: list[Event], candidate: list[Event]) -> Divergence:
    found = part(baseline, candidate).fork
    assert found is not None
    return found


def decided(turns: list[dict[str, Any]]) -> list[Event]:
    """Play a planner that says what it is told to say."""
    return events_of(planner="replay", planner_options={"answers": turns})


def calls(*requests: tuple[str, dict[str, Any]], confidence: float = 1.0) -> dict[str, Any]:
    return {"calls": [{"tool": tool, "arguments": arguments} for tool, arguments in requests], "confidence": confidence}


LOOK = ("get_order", {"order_id": "O-1"})
PAY = ("issue_refund", {"order_id": "O-1", "amount_usd": 24.0, "reason": "damaged"})
DONE = {"answer": "Refunded."}
RIGHT = [calls(LOOK), calls(PAY), DONE]


def test_a_trial_does_not_part_from_itself() -> None:
    assert part(decided(RIGHT), decided(RIGHT)).fork is None


@pytest.mark.parametrize(
    ("turns", "kind", "step"),
    [
        ([calls(PAY), calls(LOOK), DONE], "order", 1),
        ([calls(LOOK), calls((PAY[0], {**PAY[1], "amount_usd": 2.0})), DONE], "arguments", 2),
        ([calls(LOOK), calls(("search_kb", {"query": "damaged"})), DONE], "plan", 2),
        ([calls(LOOK, ("search_kb", {"query": "damaged"})), calls(PAY), DONE], "plan", 1),
        ([calls(LOOK), {"answer": "No."}], "termination", 2),
        ([calls(LOOK), calls(PAY), {"answer": "It is done."}], "output", 3),
        ([calls(LOOK), calls(PAY, confidence=0.1), DONE], "plan", 2),
    ],
)
def test_a_planner_that_decides_otherwise_is_named_with_its_step(
    turns: list[dict[str, Any]], kind: str, step: int
) -> None:
    found = fork(decided(RIGHT), decided(turns))
    assert (found.kind, found.step, found.author, found.inputs_equal) == (kind, step, "planner", True)


@pytest.mark.parametrize(
    ("changes", "kind", "author"),
    [
        ({"approver": "never"}, "policy", "approver"),
        ({"policy": {"allowlist": ["get_order"]}}, "policy", "policy"),
        ({"planner": "do_nothing"}, "termination", "planner"),
    ],
)
def test_a_change_round_the_planner_is_not_put_down_to_it(changes: dict[str, Any], kind: str, author: str) -> None:
    found = fork(events_of(), events_of(**changes))
    assert (found.kind, found.author) == (kind, author)


def test_a_fault_is_named_before_what_it_leads_to() -> None:
    found = fork(events_of(), events_of(REFUSED))
    assert (found.kind, found.author) == ("tool_result", "faults")


def test_one_attempt_more_is_a_retry_of_the_orchestrator() -> None:
    found = fork(events_of(REFUSED, policy={"retry": {"max_attempts": 1}}), events_of(REFUSED))
    assert (found.kind, found.author) == ("retry", "orchestrator")


def test_an_agent_without_an_orchestrator_is_compared_by_what_both_tell() -> None:
    found = fork(events_of(), events_of(agent="examples.retry_loop:agent"))
    assert (found.kind, found.tool) == ("policy", "issue_refund")  # it asks nobody
    assert "start" not in {
        row.baseline.kind
        for row in part(events_of(), events_of(agent="examples.retry_loop:agent")).rows
        if row.baseline
    }


def test_a_breaker_that_opens_is_named() -> None:
    found = fork(events_of(REFUSED), events_of(REFUSED, policy={"breaker": {"threshold": 1}}))
    assert (found.kind, found.author) == ("breaker", "orchestrator")


def test_a_tool_that_answers_something_else_is_named_and_not_the_planner_that_follows() -> None:
    def cheaper(event: Event) -> Event:
        if event.kind != "tool_call_completed" or event.name != "get_order":
            return event
        return msgspec.structs.replace(event, payload={**event.payload, "value": {"total_usd": 1.0}})

    found = fork(events_of(), [cheaper(event) for event in events_of()])
    assert (found.kind, found.author, found.tool) == ("tool_result", "tools", "get_order")


def test_a_planner_that_was_given_another_prompt_is_not_blamed() -> None:
    longer = [
        msgspec.structs.replace(event, tokens_in=(event.tokens_in or 0) + 100)
        if event.kind == "model_call_completed"
        else event
        for event in decided([calls(PAY), DONE])
    ]
    found = fork(decided(RIGHT), longer)
    assert (found.author, found.inputs_equal, found.because) == ("upstream", False, "the prompt has another length")


def test_the_words_say_what_both_sides_did() -> None:
    found = fork(decided(RIGHT), decided([calls(PAY), DONE]))
    assert found.words == (
        "step 1: baseline wanted get_order(order_id=O-1), "
        "candidate wanted issue_refund(amount_usd=24.0, order_id=O-1, reason=damaged)"
    )


def test_a_call_that_lost_its_key_is_the_first_different_step_and_not_the_harm_that_follows() -> None:
    found = fork(events_of(LOST), events_of(LOST, without=("idempotency_keys",)))
    assert (found.kind, found.author) == ("arguments", "orchestrator")
    assert found.words.endswith("with no key")


def test_steps_in_another_order_are_told_apart_from_other_steps_also_where_intents_are_named() -> None:
    def turn(call: tuple[str, dict[str, Any]], intent: str) -> dict[str, Any]:
        return {"calls": [{"tool": call[0], "arguments": call[1], "intent": intent}]}

    swapped = fork(decided([turn(LOOK, "a"), turn(PAY, "b"), DONE]), decided([turn(PAY, "b"), turn(LOOK, "a"), DONE]))
    assert swapped.kind == "order"
