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


def crash(where: str, nth: int, at: str, *, keep_log: bool) -> dict[str, Any]:
    """Plan one crash of the process, five seconds long."""
    options = {"at": at, "keep_log": keep_log}
    return {"kind": "crash", "at": where, "when": {"nth": nth}, "options": options}


def effects(record: Record) -> Counter[str]:
    """Count the effects by tool."""
    return Counter(str(event.name) for event in record.of("effect_committed"))


crashes = st.builds(
    crash,
    st.sampled_from(PORTS),
    st.integers(1, 3),
    st.sampled_from(["before", "after"]),
    keep_log=st.booleans(),
)


@per_example
@given(faults=st.lists(crashes, min_size=1, max_size=3))
def test_a_crash_anywhere_changes_no_effect_and_no_answer(play: Play, faults: list[dict[str, Any]]) -> None:
    """Whether the log survives or not: the keys are the same in every life."""
    whole, hurt = play(), play(*faults)
    assert effects(hurt.record) == effects(whole.record)
    assert hurt.record.answer == whole.record.answer
    assert score(hurt.record).outcome == "passed"


@pytest.mark.parametrize("at", ["before", "after"])
def test_what_was_answered_before_the_crash_is_not_asked_again(play: Play, at: str) -> None:
    """The second life starts where the first one died; a question in flight is asked once more."""
    whole = play().record
    hurt = play(crash("tool:issue_refund", 1, at, keep_log=True)).record
    [resumed] = hurt.of("run_resumed")
    assert resumed.payload["generation"] == 2
    assert resumed.payload["replayed_calls"] == 6  # three decisions, two reads and a yes
    for kind in ("model_call_started", "approval_requested"):
        assert len(hurt.of(kind)) == len(whole.of(kind))


def test_without_its_log_a_run_begins_again_and_its_effects_are_recognised(play: Play) -> None:
    """The tool answers that it was done already."""
    hurt = play(crash("model", 4, "before", keep_log=False)).record
    assert not hurt.of("run_resumed")
    assert len(hurt.of("run_started")) == 2
    assert effects(hurt) == effects(play().record)
    assert len(hurt.of("effect_deduplicated")) >= 1


def test_an_event_of_the_control_flow_is_recorded_once_over_all_lives(play: Play) -> None:
    """Also those that the second life passes on its way to where the first one died."""
    whole = play().record
    hurt = play(crash("tool:add_note", 1, "before", keep_log=True)).record
    for kind in ("run_started", "policy_allowed", "run_completed"):
        assert [event.name for event in hurt.of(kind)] == [event.name for event in whole.of(kind)]
