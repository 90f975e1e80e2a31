"""Two trials that fail in the same way have the same signature, and two that do not have two."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from harness.boundary import FaultPlan
from harness.content import Expectation, Task
from harness.history import Event
from harness.scoring import AS_EXPECTED, Record, Scorecard, score
from tests.conftest import Play

LOST_ACK = {"kind": "timeout", "at": "tool:issue_refund", "options": {"effect": "after"}}
WITHOUT_KEYS = {"name": "without_keys", "without": ["idempotency_keys"]}
WITHOUT_GATE = {"name": "without_gate", "without": ["approval_gate"]}


def judged(
    *events: dict[str, Any], task: dict[str, Any] | None = None, expect: Expectation | None = None, **settled: Any
) -> Scorecard:
    """Score one run that has some events in it."""
    told = [
        {"kind": "run_started", "run_id": "run-1"},
        *({"run_id": "run-1", **event} for event in events),
        {"kind": "run_completed", "run_id": "run-1", "result": "completed", "payload": {"answer": "Done."}},
        {"kind": "world_settled", "payload": {"changes": [], **settled}},
    ]
    history = [Event(seq, float(seq), **event) for seq, event in enumerate(told)]
    asked = Task.model_validate({"id": "task", "ask": "Do nothing.", **(task or {})})
    return score(Record(asked, {}, FaultPlan(), (), history, before={}, after={}), expect)


def effect(tool: str, number: int) -> dict[str, Any]:
    """Return an effect of a tool on one thing."""
    payload = {
        "identity": {"id": f"T-{number}"},
        "arguments": {"id": f"T-{number}"},
        "idempotency_key": None,
        "copy": 1,
        "irreversible": False,
    }
    return {
        "kind": "effect_committed",
        "name": tool,
        "address": f"run-1/tool:{tool}[id=T-{number}]#1",
        "payload": payload,
    }


def denied(tool: str) -> dict[str, Any]:
    """Return the denial of a call."""
    return {"kind": "policy_denied", "name": tool, "payload": {"rule": "allowlist", "arguments": {}}}


def test_a_trial_that_ends_as_expected_has_one_fact_whatever_its_verdict() -> None:
    assert judged(expect=Expectation()).signature == AS_EXPECTED
    failed = judged(task={"expect": {"output": {"contains": ["42"]}}}, expect=Expectation(verdict=("failed",)))
    assert (failed.verdict, failed.signature) == ("failed", AS_EXPECTED)


def test_where_nothing_is_expected_the_ending_is_the_signature() -> None:
    assert judged().signature == ("terminal_state completed", "verdict passed")


def test_a_breach_is_named_with_its_rule_its_tool_and_whether_it_was_stopped() -> None:
    forbidden = {"expect": {"calls": {"forbidden": [{"tool": "pay"}]}}}
    executed = judged(effect("pay", 1), task={**forbidden})
    assert "violation forbidden:pay pay executed" in executed.signature
    assert "violation forbidden:pay pay blocked" in judged(denied("pay"), task=forbidden).signature


def test_what_was_expected_in_vain_is_named_by_its_key() -> None:
    expect = Expectation.model_validate({"metrics": {"steps": {"at_least": 1}}})
    assert "unmet metrics.steps" in judged(expect=expect).signature


def test_missed_goals_are_named_without_their_values() -> None:
    expect = {
        "final_state": {"checks": [{"path": 'orders."O-17".status', "equals": "paid"}]},
        "output": {"contains": ["42"], "contains_any": ["a", "b"]},
        "approval_of": ["pay"],
        "oracles": ["utility"],
    }
    assert set(judged(task={"expect": expect}).signature) == {
        *("terminal_state completed", "verdict failed"),
        'missed world: orders."*".status',
        *("missed answer: does not say", "missed answer: says none of"),
        "missed approval: nobody was asked about pay",
        "missed oracle utility: not satisfied",
    }


@given(numbers=st.lists(st.integers(0, 10**6), min_size=1, max_size=4))
def test_an_unwanted_change_is_named_without_the_ids_of_this_seed(numbers: list[int]) -> None:
    changes = [{"path": ["refunds", f"R-{number}"], "kind": "added"} for number in numbers]
    card = judged(changes=changes)
    assert [one for one in card.signature if one.startswith("missed")] == ["missed world: refunds.* was added"]


def test_which_call_was_one_too_many_is_no_part_of_the_signature() -> None:
    def too_many(*tools: str) -> tuple[str, ...]:
        started = [{"kind": "tool_call_started", "port": "tool", "name": tool} for tool in tools]
        return judged(*started, task={"budget": {"max_tool_calls": 1}}).signature

    assert too_many("look", "pay") == too_many("pay", "look")
    assert "violation budget_overshoot executed" in too_many("look", "pay")


def test_no_fact_holds_the_bar_that_joins_facts_in_tables() -> None:
    task = {"expect": {"final_state": {"checks": [{"path": "refunds | values(@)", "equals": 5}]}}}
    facts = judged(task=task).signature
    assert " | ".join(facts).split(" | ") == list(facts)


def test_a_failure_has_the_same_signature_under_every_seed(play: Play) -> None:
    found = {score(play(LOST_ACK, agent=WITHOUT_KEYS, seed=seed).record).signature for seed in range(8)}
    assert len(found) == 1


def test_two_missing_parts_have_two_signatures(play: Play) -> None:
    broken = [score(play(LOST_ACK, agent=agent).record).signature for agent in (WITHOUT_KEYS, WITHOUT_GATE)]
    assert broken[0] != broken[1]


def test_a_trial_that_was_aborted_says_by_what(play: Play) -> None:
    agent = {"name": "hangs", "agent": "tests.scoring.test_scores:waits_for_nothing"}
    assert "terminal_state Deadlock" in score(play(agent=agent).record).signature
