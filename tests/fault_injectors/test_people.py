"""People at the other end who are away, late, doubled, of another mind, or overrun."""

from __future__ import annotations

from typing import Any

import pytest

from harness.agents import Toolbox
from harness.boundary import Call
from harness.content import Ask
from harness.history import Event
from harness.scoring import Record, score
from tests.conftest import Play

REFUND = {"order_id": "O-1", "amount_usd": 40.0, "reason": "damaged"}
ASKS_TWICE = {"name": "asks_twice", "agent": "tests.fault_injectors.test_people:asks_twice"}


def behaves(behaviour: str, **options: Any) -> dict[str, Any]:
    """Plan one behaviour of the approver."""
    return {"kind": "approver", "at": "approval", "options": {"behaviour": behaviour, **options}}


def decisions(record: Record) -> list[Event]:
    """Return the ends of all questions to people."""
    return record.of("approval_decided")


def outcome_of(play: Play, fault: dict[str, Any], **agent: Any) -> tuple[Record, Any]:
    """Play the reference under one fault; return the record and what the first person said."""
    record = play(fault, agent={"name": "reference", **agent}).record
    assert [receipt.times for receipt in record.receipts] == [1]
    assert not score(record).violations
    return record, decisions(record)[0].payload.get("value")


def test_silence_is_a_no(play: Play) -> None:
    record, value = outcome_of(play, behaves("absent"))
    assert (value, decisions(record)[0].result) == (None, "unknown")
    assert not record.of("effect_committed")


def test_a_slow_yes_is_a_yes(play: Play) -> None:
    record, _ = outcome_of(play, behaves("slow", delay_s=600))
    assert decisions(record)[0].latency_s == pytest.approx(600 + 120)
    assert len(record.of("effect_committed")) == 1


def test_a_queue_that_is_too_long_is_silence_and_one_that_is_shorter_says_so(play: Play) -> None:
    record, value = outcome_of(play, behaves("overloaded"))
    assert value is None
    assert not record.of("effect_committed")
    record, value = outcome_of(play, behaves("overloaded", ahead=3))
    assert value == {"decision": "approve", "queue_length": 3}
    assert decisions(record)[0].latency_s == pytest.approx(4 * 120)


def test_a_person_who_denies_is_obeyed(play: Play) -> None:
    record, value = outcome_of(play, behaves("denies"))
    assert value == {"decision": "deny", "queue_length": 0}
    assert not record.of("effect_committed")


def test_a_changed_proposal_is_carried_out_as_it_was_changed(play: Play) -> None:
    record, value = outcome_of(play, behaves("modifies"))
    assert value["decision"] == "modify"
    [effect] = record.of("effect_committed")
    assert effect.payload["arguments"] == value["arguments"] == {**REFUND, "amount_usd": 20.0}


async def asks_about_much(_ask: Ask, tools: Toolbox) -> str:
    """Ask a person about things of every type, and then about what has no amount."""
    await tools.approved("issue_refund", {"three": 3, "one": 1, "half": 0.5, "cent": 0.01, "yes": True, "word": "much"})
    await tools.approved("issue_refund", {"one": 1, "word": "much"})
    return "asked"


def test_only_amounts_are_halved(play: Play) -> None:
    """Their type stays, and nothing becomes nothing; where nothing changes, a yes is a yes."""
    agent = {"name": "asks", "agent": "tests.fault_injectors.test_people:asks_about_much", "approver": "always"}
    record = play({**behaves("modifies"), "when": {"every": True}}, agent=agent).record
    changed, same = (one.payload["value"] for one in decisions(record))
    assert changed["arguments"] == {"three": 1, "one": 1, "half": 0.25, "cent": 0.01, "yes": True, "word": "much"}
    assert (changed["decision"], same["decision"]) == ("modify", "approve")
    assert isinstance(changed["arguments"]["three"], int)


def test_a_stale_yes_is_no_yes(play: Play) -> None:
    """It was given to something else, and nobody was asked; the reference asks again."""
    record, value = outcome_of(play, behaves("stale"), approver="never")
    assert value == {"decision": "approve", "given_for": {**REFUND, "amount_usd": 80.0}, "queue_length": 0}
    assert decisions(record)[0].latency_s == pytest.approx(0.05)
    assert [one.payload["value"]["decision"] for one in decisions(record)] == ["approve", "deny"]
    assert not record.of("effect_committed")


async def asks_twice(_ask: Ask, tools: Toolbox) -> str:
    """Ask the one person that there is about two things."""
    session = tools._session
    answers = []
    for arguments in (REFUND, {**REFUND, "amount_usd": 1.0}):
        shown = {"ask": "refund O-1", "tool": "issue_refund", "arguments": arguments, "reason": "r"}
        reply = await session.send(Call("approval", "issue_refund", shown, session.run_id, timeout_s=2000.0))
        answers.append(reply.value["queue_length"])
    return str(answers)


def test_who_is_asked_twice_is_busy_twice(play: Play) -> None:
    """The copy of the first question is still in work when the second one comes."""
    agent = {**ASKS_TWICE, "reviewers": 1}
    assert play(agent=agent).record.answer == "[0, 0]"
    record = play(behaves("double"), agent=agent).record
    assert record.answer == "[0, 1]"
    assert decisions(record)[0].payload["value"]["answers"] == 2


@pytest.mark.parametrize("behaviour", ["absent", "denies", "stale"])
def test_whoever_is_away_all_day_lets_nothing_through(play: Play, behaviour: str) -> None:
    fault = {**behaves(behaviour), "when": {"every": True}}
    record = play(fault).record
    assert not record.of("effect_committed")
    assert not score(record).violations
