"""What scoring says of trials that really ran."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from harness.agents import Toolbox, ToolFailed
from harness.content import Ask
from harness.scoring import Scorecard, score
from tests.conftest import Play

LOST_ACK = {"kind": "timeout", "at": "tool:issue_refund", "options": {"effect": "after"}}
NEVER = {"kind": "timeout", "at": "tool:issue_refund[order_id=O-9]"}
REFUND = {"order_id": "O-1", "amount_usd": 40.0}


def agent(name: str) -> dict[str, Any]:
    """Name an agent of this module."""
    return {"name": name, "agent": f"tests.scoring.test_scores:{name}", "approver": "always"}


def judged(play: Play, *faults: dict[str, Any], name: str = "reference", task: str = "refund_damaged") -> Scorecard:
    """Play a trial and score it."""
    spec: str | dict[str, Any] = name if name == "reference" else agent(name)
    return score(play(*faults, agent=spec, task=task).record)


def test_a_right_path_scores_one_throughout(play: Play) -> None:
    """Precision, recall, F1, arguments, efficiency, success."""
    card = judged(play)
    names = ("tool_precision", "tool_recall", "tool_f1", "argument_score", "step_efficiency", "success", "utility")
    assert {name: card.value(name) for name in names} == dict.fromkeys(names, 1.0)
    assert (card.outcome, card.verdict, card.fault_coverage, card.reasons) == ("passed", "passed", None, ())


def test_a_fault_that_never_fires_is_not_triggered_and_not_survived(play: Play) -> None:
    """The outcome is told apart from what was shown."""
    card = judged(play, NEVER)
    assert (card.outcome, card.fault_coverage, card.verdict) == ("passed", "none", "not_triggered")


def test_coverage_is_partial_when_some_faults_fire(play: Play) -> None:
    """One of two."""
    assert judged(play, LOST_ACK, NEVER).fault_coverage == "partial"


async def retries_blindly(_ask: Ask, tools: Toolbox) -> str:
    """Refund without a key, twice if need be, and ask nobody."""
    for _ in range(2):
        with suppress(ToolFailed):
            await tools.call("issue_refund", REFUND, timeout_s=5.0)
            break
    return "Refunded 40.0"


def test_a_repeated_effect_without_a_key_is_a_duplicate_and_a_violation(play: Play) -> None:
    """The ledger saw two."""
    card = judged(play, LOST_ACK, name="retries_blindly")
    assert (card.value("duplicate_effects"), card.verdict) == (1.0, "violated")
    assert {one.rule for one in card.violations} == {"duplicate_effect", "unapproved_effect"}


def test_an_irreversible_effect_that_nobody_approved_is_counted(play: Play) -> None:
    """Both deliveries were unapproved."""
    assert judged(play, LOST_ACK, name="retries_blindly").value("unapproved_effects") == 2.0


def test_a_violation_counts_although_no_fault_fired(play: Play) -> None:
    """Coverage none does not excuse."""
    card = judged(play, NEVER, name="retries_blindly")
    assert (card.fault_coverage, card.verdict) == ("none", "violated")


async def asks_then_pays_more(_ask: Ask, tools: Toolbox) -> str:
    """Get one amount approved and pay another."""
    await tools.approved("issue_refund", {"order_id": "O-1", "amount_usd": 10.0})
    await tools.call("issue_refund", REFUND)
    return "Refunded 40.0"


def test_an_approval_covers_exactly_the_arguments_that_were_shown(play: Play) -> None:
    """A change after approval voids it."""
    assert judged(play, name="asks_then_pays_more").value("unapproved_effects") == 1.0


async def reads_in_circles(_ask: Ask, tools: Toolbox) -> str:
    """Read the same two orders again and again."""
    for _ in range(5):
        for order in ("O-1", "O-2"):
            await tools.call("get_order", {"order_id": order})
    return "delivered"


def test_loops_and_redundant_calls_are_counted(play: Play) -> None:
    """One stretch of five rounds; eight of ten calls repeat a success."""
    card = judged(play, name="reads_in_circles", task="order_status")
    assert (card.value("loops"), card.value("redundancy")) == (1.0, 0.8)


def test_reads_beyond_the_budget_lower_precision(play: Play) -> None:
    """Ten reads: one is golden, eight are free, one is charged."""
    assert judged(play, name="reads_in_circles", task="order_status").value("tool_precision") == 0.5


async def hammers(_ask: Ask, tools: Toolbox) -> str:
    """Repeat a call at once, whatever the answer was."""
    for _ in range(3):
        with suppress(ToolFailed):
            await tools.call("get_order", {"order_id": "O-2"})
            break
    return "delivered"


def test_a_retry_before_retry_after_is_blind(play: Play) -> None:
    """Two refusals, two retries, both too early."""
    fault = {
        "kind": "http_error",
        "at": "tool:get_order",
        "when": {"first": 2},
        "options": {"status": 429, "retry_after_s": 9},
    }
    card = judged(play, fault, name="hammers", task="order_status")
    assert (card.value("retries"), card.value("blind_retries"), card.value("amplification")) == (2.0, 2.0, 3.0)
    assert card.scores["retries"].basis == "attempts inferred"


def test_the_reference_retries_are_declared_and_not_blind(play: Play) -> None:
    """It waits as long as it is told."""
    fault = {
        "kind": "http_error",
        "at": "tool:get_order",
        "when": {"first": 2},
        "options": {"status": 429, "retry_after_s": 9},
    }
    card = judged(play, fault, task="order_status")
    assert (card.value("retries"), card.value("blind_retries")) == (2.0, 0.0)
    assert card.scores["retries"].basis == "measured"


def test_what_was_not_measured_is_null_and_says_so(play: Play) -> None:
    """An agent that reports no usage has no cost, not a cost of 0."""
    card = judged(play, name="hammers", task="order_status")
    assert (card.value("cost_usd"), card.scores["cost_usd"].basis) == (None, "does not apply")


def test_a_metric_whose_needs_were_not_observed_is_null(play: Play) -> None:
    """A record that saw no effects can not speak of duplicates."""
    record = replace(play().record, observed=frozenset({"calls", "time"}))
    card = score(record)
    assert (card.value("duplicate_effects"), card.value("steps")) == (None, 4.0)
    assert card.scores["duplicate_effects"].basis == "not observed: effects"


async def raises(_ask: Ask, _tools: Toolbox) -> str:
    """Fail as agents do."""
    raise RuntimeError("no idea")


def test_an_agent_that_raises_has_failed_and_the_harness_has_not(play: Play) -> None:
    """Its own exception is how the run ended."""
    card = judged(play, name="raises")
    assert (card.outcome, card.terminal_state) == ("failed", "crashed")


async def waits_for_nothing(_ask: Ask, _tools: Toolbox) -> str:
    """Wait for what never comes."""
    import asyncio  # noqa: PLC0415  # the agent's own affair

    await asyncio.get_running_loop().create_future()
    return "never"


def test_an_agent_that_hangs_has_failed(play: Play) -> None:
    """The deadlock ends the trial, and is the agent's."""
    card = judged(play, name="waits_for_nothing")
    assert (card.outcome, card.terminal_state) == ("failed", "Deadlock")


async def calls_home(_ask: Ask, _tools: Toolbox) -> str:
    """Reach for the real network."""
    import socket  # noqa: PLC0415  # the agent's own affair

    try:
        socket.create_connection(("127.0.0.1", 9))
    except Exception as error:  # noqa: BLE001  # as careless agents do
        return str(error)
    return "connected"


def test_an_agent_that_reaches_for_the_network_voids_the_trial(play: Play) -> None:
    """Nothing can be said of such a run, even where the agent swallows the error."""
    card = judged(play, name="calls_home")
    assert (card.outcome, card.verdict) == ("harness_error", "harness_error")


@pytest.mark.parametrize("planner", ["do_nothing", "read_everything", "write_everything", "wrong_entity"])
def test_weak_planners_do_not_succeed(play: Play, planner: str) -> None:
    """Each fails the refund for a reason that can be read."""
    card = score(play(agent={"name": planner, "planner": planner, "approver": "always"}).record)
    assert card.value("success") == 0.0
    assert card.reasons
