"""A crash kills a run in the middle of a call and starts it again; what had reached the world stays there."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.agents import Toolbox
from harness.content import Ask
from harness.errors import HarnessError
from harness.history import history_digest
from harness.scoring import Record
from tests.conftest import Play

REFUND = {"order_id": "O-1", "amount_usd": 40.0, "reason": "damaged"}
NOTE = {"order_id": "O-1", "note": "refunded"}
EXACTLY_ONCE = {"add_note": 1, "issue_refund": 1}
per_example = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


async def diligent(_ask: Ask, tools: Toolbox) -> str:
    """Read some things at a time, ask a person, and write with keys that are the same in every life."""
    reads = [tools.call("get_order", {"order_id": f"O-{number}"}) for number in (1, 2)]
    await asyncio.gather(tools.call("search_kb", {"query": "refund"}), *reads)
    await tools.call("get_order", {"order_id": "O-1"})
    if await tools.approved("issue_refund", REFUND):
        refund = tools.call("issue_refund", REFUND, idempotency_key="refund")
        note = tools.call("add_note", NOTE, idempotency_key="note")
        await asyncio.gather(refund, note)
    return "Refunded 40 dollars."


async def careless(_ask: Ask, tools: Toolbox) -> str:
    """Write without keys."""
    await tools.call("issue_refund", REFUND)
    return "Refunded 40 dollars."


def played(play: Play, agent: str, *faults: dict[str, Any], **options: Any) -> Record:
    """Play a trial of an agent of this module."""
    return play(*faults, agent={"name": agent, "agent": f"tests.campaign.test_crash:{agent}"}, **options).record


def crash(where: str, nth: int = 1, **options: Any) -> dict[str, Any]:
    """Plan one crash."""
    return {"kind": "crash", "at": where, "when": {"nth": nth}, "options": options}


def effects(record: Record) -> dict[str, int]:
    """Count the effects by tool."""
    return dict(Counter(str(event.name) for event in record.of("effect_committed")))


def calls_of(record: Record) -> list[tuple[str, int]]:
    """Return the site and the arrival number of every call."""
    starts = record.of("tool_call_started", "approval_requested")
    return [(site, int(nth)) for site, _, nth in (str(event.address).rpartition("#") for event in starts)]


@pytest.mark.parametrize("at", ["before", "after"])
def test_a_crash_at_any_call_leaves_every_effect_of_a_careful_agent_exactly_once(play: Play, at: str) -> None:
    calls = calls_of(played(play, "diligent"))
    assert len(calls) == 7
    for site, nth in calls:
        record = played(play, "diligent", crash(site, nth, at=at))
        assert effects(record) == EXACTLY_ONCE, site
        assert [event.result for event in record.of("run_completed")] == ["completed"], site
        assert [receipt.times for receipt in record.receipts] == [1], site


@per_example
@given(
    seed=st.integers(0, 10_000),
    at=st.sampled_from(["before", "after"]),
    restart_after_s=st.sampled_from([0.0, 0.1, 5.0]),
    nth=st.lists(st.integers(1, 4), min_size=1, max_size=3, unique=True),
)
def test_many_crashes_leave_every_effect_exactly_once_and_a_replay_is_identical(
    play: Play, seed: int, at: str, restart_after_s: float, nth: list[int]
) -> None:
    faults = [crash("*", one, at=at, restart_after_s=restart_after_s) for one in nth]
    record = played(play, "diligent", *faults, seed=seed)
    assert effects(record) == EXACTLY_ONCE
    assert [event.result for event in record.of("run_completed")] == ["completed"]
    again = played(play, "diligent", *faults, seed=seed)
    assert history_digest(again.events) == history_digest(record.events)


@pytest.mark.parametrize(("at", "times"), [("before", 1), ("after", 2)])
def test_a_crash_behind_an_effect_doubles_it_for_who_writes_without_keys(play: Play, at: str, times: int) -> None:
    record = played(play, "careless", crash("tool:issue_refund", at=at))
    assert effects(record) == {"issue_refund": times}


def test_the_reply_to_the_call_that_killed_its_caller_is_unknown(play: Play) -> None:
    [end] = played(play, "careless", crash("tool:issue_refund")).of("tool_call_failed")
    assert (end.result, end.error_type) == ("unknown", "timeout")


@pytest.mark.parametrize("restart_after_s", [0.0, 2.5, 600.0])
def test_a_run_is_back_after_the_time_that_the_plan_says(play: Play, restart_after_s: float) -> None:
    record = played(play, "careless", crash("tool", at="before", restart_after_s=restart_after_s))
    first, second = record.of("run_started")
    assert (first.run_id, second.run_id) == ("run-1", "run-1")
    assert (first.time_s, second.time_s) == (0.0, restart_after_s)
    assert record.run_ids == ["run-1"]


def test_the_other_runs_of_a_trial_go_on(play: Play) -> None:
    record = played(play, "diligent", crash("run-2/tool:get_order[order_id=O-1]"), starts_s=(0.0, 0.0))
    assert Counter(str(event.run_id) for event in record.of("run_started")) == {"run-1": 1, "run-2": 2}
    assert sorted(str(event.run_id) for event in record.of("run_completed")) == ["run-1", "run-2"]


async def tells_its_life(_ask: Ask, tools: Toolbox) -> str:
    """Leave a note about the life that this is."""
    life = f"{tools._session.generation} {tools._session.log}"
    await tools.call("add_note", {"order_id": "O-1", "note": life})
    return life


def test_a_run_learns_which_life_it_lives_and_what_is_left_of_its_log(play: Play) -> None:
    first, second = crash("tool", 1, log="lost"), crash("tool", 2)
    record = played(play, "tells_its_life", first, second)
    lives = [event.payload["arguments"]["note"] for event in record.of("effect_committed")]
    assert lives == ["1 kept", "2 lost", "3 kept"]


async def answers_in_its_last_breath(_ask: Ask, tools: Toolbox) -> str:
    """Swallow the end and answer all the same, in the first life; answer better in the next."""
    try:
        await tools.call("get_order", {"order_id": "O-1"})
    except asyncio.CancelledError:
        return "too late"
    return "in time"


def test_the_dead_say_nothing(play: Play) -> None:
    assert played(play, "answers_in_its_last_breath", crash("tool")).answer == "in time"


async def clings_to_life(_ask: Ask, tools: Toolbox) -> str:
    """Swallow the end, and try to go on."""
    for order in ("O-1", "O-2"):
        try:
            await tools.call("get_order", {"order_id": order})
        except asyncio.CancelledError:
            continue
    return "done"


def test_the_dead_send_nothing(play: Play) -> None:
    record = played(play, "clings_to_life", crash("tool:get_order[order_id=O-1]"))
    assert [site for site, _ in calls_of(record)] == [
        "run-1/tool:get_order[order_id=O-1]",
        "run-1/tool:get_order[order_id=O-1]",
        "run-1/tool:get_order[order_id=O-2]",
    ]


async def leaves_work_behind(_ask: Ask, tools: Toolbox) -> str:
    """Refund in the background and much later add a note, while a read is on its way."""

    async def later() -> None:
        await asyncio.sleep(3)
        await tools.call("add_note", {"order_id": "O-1", "note": "from the grave"})

    if tools._session.generation == 1:
        leaves_work_behind.kept = (  # type: ignore[attr-defined]  # keeps them alive
            asyncio.create_task(tools.call("issue_refund", REFUND)),
            asyncio.create_task(later()),
        )
        await asyncio.sleep(0)
        await tools.call("get_order", {"order_id": "O-1"})
    await asyncio.sleep(60)
    return "done"


def test_a_call_that_is_under_way_when_the_run_dies_arrives_and_nothing_new_is_sent(play: Play) -> None:
    record = played(play, "leaves_work_behind", crash("tool:get_order", at="before"))
    assert effects(record) == {"issue_refund": 1}
    assert [event.result for event in record.of("tool_call_failed")] == ["unknown", "unknown"]
    assert record.of("tool_call_completed") == []


async def answers_before_its_call_begins(_ask: Ask, tools: Toolbox) -> str:
    """Answer at once, and leave a call that is just about to begin."""
    answers_before_its_call_begins.kept = asyncio.create_task(  # type: ignore[attr-defined]  # as above
        tools.call("add_note", NOTE)
    )
    return "done"


def test_a_run_that_has_answered_does_not_come_back(play: Play) -> None:
    record = played(play, "answers_before_its_call_begins", crash("tool:add_note", at="before"))
    assert [receipt.times for receipt in record.receipts] == [1]
    assert [event.kind for event in record.of("run_started", "run_completed")] == ["run_started", "run_completed"]


async def refuses_to_die(_ask: Ask, tools: Toolbox) -> str:
    """Try for ever, whatever happens."""
    while True:
        with suppress(asyncio.CancelledError):
            await tools.call("get_order", {"order_id": "O-1"})


def test_a_run_that_refuses_to_die_is_ended(play: Play) -> None:
    record = played(play, "refuses_to_die", crash("tool"))
    assert [event.payload["error"] for event in record.of("trial_aborted")] == ["StepLimit"]
    assert len(record.of("tool_call_started")) == 1


async def lets_our_error_through(_ask: Ask, _tools: Toolbox) -> str:
    """Raise what only the harness raises."""
    raise HarnessError("the harness is at fault")


def test_an_error_of_the_harness_voids_the_trial_whoever_raises_it(play: Play) -> None:
    [end] = played(play, "lets_our_error_through").of("trial_aborted")
    assert (end.result, end.payload["message"]) == ("harness_error", "the harness is at fault")


def test_a_run_that_always_crashes_comes_to_an_end(play: Play) -> None:
    fault = {"kind": "crash", "at": "tool", "when": {"every": True}, "options": {"at": "before"}}
    record = played(play, "careless", fault)
    assert [event.payload["error"] for event in record.of("trial_aborted")] == ["StepLimit"]
    assert effects(record) == {}
