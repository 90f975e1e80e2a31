"""A run is resumed from its log: nothing that was answered goes out again, and nothing that was meant is lost."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.scoring import Record, score
from tests.conftest import Play

PORTS = ("model", "tool:get_order", "approval", "tool:issue_refund", "tool:add_note", "retrieval")
per_example = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def crash(where: str, nth: int, at: str, log: str) -> dict[str, Any]:
    """Plan one crash of the process, five seconds long."""
    options = {"at": at, "log": log}
    return {"kind": "crash", "at": where, "when": {"nth": nth}, "options": options}


def effects(record: Record) -> Counter[str]:
    """Count the effects by tool."""
    return Counter(str(event.name) for event in record.of("effect_committed"))


crashes = st.builds(
    crash,
    st.sampled_from(PORTS),
    st.integers(1, 3),
    st.sampled_from(["before", "after"]),
    st.sampled_from(["kept", "lost", "torn"]),
)


@per_example
@given(faults=st.lists(crashes, min_size=1, max_size=3))
def test_a_crash_anywhere_changes_no_effect_and_no_answer(play: Play, faults: list[dict[str, Any]]) -> None:
    """Whether the log survives, in part or not at all: the keys are the same in every life."""
    whole, hurt = play(), play(*faults)
    assert effects(hurt.record) == effects(whole.record)
    assert hurt.record.answer == whole.record.answer
    assert score(hurt.record).outcome == "passed"


@pytest.mark.parametrize("at", ["before", "after"])
def test_what_was_answered_before_the_crash_is_not_asked_again(play: Play, at: str) -> None:
    """The second life starts where the first one died; a question in flight is asked once more."""
    whole = play().record
    hurt = play(crash("tool:issue_refund", 1, at, "kept")).record
    [resumed] = hurt.of("run_resumed")
    assert resumed.payload["generation"] == 2
    assert resumed.payload["replayed_calls"] == 6  # three decisions, two reads and a yes
    for kind in ("model_call_started", "approval_requested"):
        assert len(hurt.of(kind)) == len(whole.of(kind))


def test_what_was_done_under_a_key_for_something_else_is_not_taken_for_the_effect(play: Play) -> None:
    """The first refund was drafted and the second one made; the life that knows nothing of it begins with the first."""
    refused = {"kind": "connection", "at": "tool:issue_refund", "when": {"first": 5}, "options": {"how": "refused"}}
    hurt = play(refused, crash("model", 7, "after", "lost"), domain="support_desk", task="goods_and_freight_apart")
    assert effects(hurt.record)["issue_refund"] == 1
    assert "its idempotency key stands for the same with other arguments" in str(hurt.record.answer)


def test_without_its_log_a_run_begins_again_and_its_effects_are_recognised(play: Play) -> None:
    """The key store tells of the refund, and the tool of the note, that it was done already."""
    hurt = play(crash("model", 4, "before", "lost")).record
    assert not hurt.of("run_resumed")
    assert len(hurt.of("run_started")) == 2
    assert effects(hurt) == effects(play().record)
    looked_up = [event for event in hurt.of("tool_call_completed") if event.port == "store"]
    assert [(event.name, event.payload["value"]["applied"]) for event in looked_up] == [("issue_refund", True)]
    assert len(hurt.of("effect_deduplicated")) == len(hurt.of("effect_committed")) - 1


def test_a_question_that_is_asked_again_has_the_patience_that_is_left(play: Play) -> None:
    """A person takes two minutes; the run may take four, and was dead for one after the first answer got lost."""
    crashed = crash("approval", 1, "after", "kept")
    crashed["options"]["restart_after_s"] = 60.0
    [first, second] = play(crashed).record.of("approval_requested")
    assert second.time_s - first.time_s == pytest.approx(180.0)
    slow = {"kind": "approver", "at": "approval", "when": {"nth": 2}, "options": {"behaviour": "absent"}}
    record = play(crashed, slow).record
    given_up = record.of("approval_decided")[-1]
    assert given_up.time_s - first.time_s == pytest.approx(900.0)
    assert given_up.result == "unknown"


def test_a_question_whose_patience_has_run_out_meanwhile_is_answered_no(play: Play) -> None:
    crashed = crash("approval", 1, "before", "kept")
    crashed["options"]["restart_after_s"] = 1000.0
    record = play(crashed).record
    assert record.of("approval_decided")[-1].result == "unknown"
    assert not effects(record)


@pytest.mark.parametrize("log", ["kept", "torn"])
def test_a_budget_that_is_cut_between_two_lives_cuts_nothing_of_what_was_done_before(play: Play, log: str) -> None:
    """What the log answers was spent under the whole budget; of the refund nobody knows, and the run says so."""
    cut = {"kind": "budget_cut", "when": {"window": [125, 1e9]}, "options": {"factor": 1 / 16}}
    record = play(crash("tool:issue_refund", 1, "after", log), cut).record
    assert effects(record) == {"issue_refund": 1}
    assert "Done: search_kb, get_order. Not done or not known: issue_refund (unknown)." in record.answer
    assert not [one for one in score(record).violations if one.rule == "budget_overshoot"]


@pytest.mark.parametrize("log", ["kept", "torn"])
def test_a_deadline_counts_from_the_first_life_however_little_the_log_holds(play: Play, log: str) -> None:
    """Of the first call nothing is left but that the run has begun; it has twenty seconds, and was dead for thirty."""
    crashed = crash("model", 1, "before", log)
    crashed["options"]["restart_after_s"] = 30.0
    record = play(crashed, domain="limits", task="dose_in_twenty_seconds").record
    assert record.endings == {"run-1": "halted"}
    assert not effects(record)


@pytest.mark.parametrize("log", ["kept", "torn"])
def test_a_read_that_kills_its_process_is_counted_each_time(play: Play, log: str) -> None:
    """Eight calls are allowed after the cut, and the first of them is never survived."""
    fatal = {"kind": "crash", "at": "retrieval", "when": {"every": True}, "options": {"at": "after", "log": log}}
    cut = {"kind": "budget_cut", "when": {"window": [10, 1e9]}, "options": {"factor": 1 / 4}}
    record = play(fatal, cut, domain="support_desk", task="goodwill_within_the_limit").record
    assert record.endings == {"run-1": "halted"}
    assert len(record.of("tool_call_started")) == 8
    assert not [one for one in score(record).violations if one.rule == "budget_overshoot"]


def test_a_doubt_outlives_the_life_that_has_it(play: Play) -> None:
    """Nobody can read that the credit was sent; the second life looks it up and dies, and the third one remembers."""
    credit = "tool:issue_store_credit"
    faults = [
        crash(credit, 1, "after", "torn"),
        crash("model:planner", 4, "after", "kept"),
        {"kind": "key_store_loss", "at": credit, "when": {"nth": 2}},
    ]
    record = play(*faults, domain="support_desk", task="goodwill_within_the_limit").record
    assert len(record.of("run_resumed")) == 2
    assert effects(record) == {"issue_store_credit": 1}
    assert record.endings == {"run-1": "completed"}


@pytest.mark.parametrize("silence", ["timeout", "error_inside_ok"])
def test_a_write_is_not_repeated_where_the_look_up_is_not_answered(play: Play, silence: str) -> None:
    """Its key is not enough: the tool has lost it by then. An error page with a status of 200 is no answer either."""
    faults = [
        {"kind": "timeout", "at": "tool:issue_refund", "options": {"effect": "after"}},
        {"kind": silence, "at": "store:issue_refund", "when": {"first": 2}},
        {"kind": "key_store_loss", "at": "tool:issue_refund", "when": {"nth": 2}},
    ]
    record = play(*faults).record
    assert effects(record)["issue_refund"] == 1
    assert record.endings == {"run-1": "queued"}
    assert "issue_refund: unknown" in record.answer


def test_one_look_up_that_is_not_answered_is_asked_again(play: Play) -> None:
    lost = {"kind": "timeout", "at": "tool:issue_refund", "options": {"effect": "after"}}
    record = play(lost, {"kind": "timeout", "at": "store:issue_refund"}).record
    assert (effects(record)["issue_refund"], record.endings) == (1, {"run-1": "completed"})


def test_a_life_that_knows_nothing_of_the_one_before_it_says_so(play: Play) -> None:
    """The refund is made, its log is lost, and then there is no planner any more."""
    faults = [
        crash("tool:issue_refund", 1, "after", "lost"),
        {"kind": "connection", "at": "model", "when": {"window": [124, 1e9]}, "options": {"how": "refused"}},
    ]
    record = play(*faults).record
    assert effects(record) == {"issue_refund": 1}
    assert "Done: nothing." in record.answer
    assert "The log of an earlier life is lost: whether that has done something is unknown." in record.answer


@pytest.mark.parametrize("nth", range(5, 9))
def test_a_circuit_that_was_open_stays_open_in_the_log(play: Play, nth: int) -> None:
    """It is closed when the run goes on, and what was a draft then is one now; the end is told in any case."""
    down = {"kind": "http_error", "at": "tool:issue_refund", "when": {"first": 5}, "options": {"status": 503}}
    task = {"domain": "support_desk", "task": "one_refund_for_each_parcel"}
    whole, hurt = (play(down, *some, **task).record for some in ([], [crash("model:planner", nth, "before", "kept")]))
    assert [event.name for event in hurt.of("fallback_activated")] == [
        event.name for event in whole.of("fallback_activated")
    ]
    assert len(hurt.of("run_completed")) == 1
    assert effects(hurt) == effects(whole)


def test_a_life_that_has_lost_its_log_does_not_trust_a_store_that_has_lost_its_keys(play: Play) -> None:
    """The first of two refunds is in no book any more when it comes up again; a person has to look."""
    second = "tool:issue_refund[order_id=O-1014]"
    faults = [crash(second, 1, "after", "lost"), {"kind": "key_store_loss", "at": second}]
    record = play(*faults, domain="support_desk", task="two_orders_two_refunds").record
    [*_, look_up] = [event for event in record.of("tool_call_completed") if event.port == "store"]
    assert look_up.payload["value"] == {"applied": False, "value": None, "complete": False}
    assert effects(record) == {"issue_refund": 2}
    assert record.endings == {"run-1": "queued"}


def test_an_event_of_the_control_flow_is_recorded_once_over_all_lives(play: Play) -> None:
    """Also those that the second life passes on its way to where the first one died."""
    whole = play().record
    hurt = play(crash("tool:add_note", 1, "before", "kept")).record
    for kind in ("run_started", "policy_allowed", "run_completed"):
        assert [event.name for event in hurt.of(kind)] == [event.name for event in whole.of(kind)]
