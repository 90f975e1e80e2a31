"""What a scenario expects is met or not, and what is not is said under a key that is the same every time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.boundary import FaultPlan
from harness.content import Comparer, Expectation, Task
from harness.history import Event
from harness.scoring import Record, key_of, score, unmet_overall


def record(*between: dict[str, Any], result: str = "completed", answer: str = "Done.") -> Record:
    """Return the record of one run of a task that asks for nothing, with some events in it."""
    told = [
        {"kind": "run_started", "run_id": "run-1"},
        *({"run_id": "run-1", **event} for event in between),
        {"kind": "run_completed", "run_id": "run-1", "result": result, "payload": {"answer": answer}},
        {"kind": "world_settled", "payload": {"changes": []}},
    ]
    events = [Event(seq, float(seq), **event) for seq, event in enumerate(told)]
    return Record(Task(id="task", ask="Do nothing."), {}, FaultPlan(), (), events)


def unmet(record: Record, **expect: Any) -> tuple[str, ...]:
    """Return what is expected of a record in vain."""
    found = score(record, Expectation.model_validate(expect)).unmet
    assert found is not None
    return found


def keys(lines: Sequence[str]) -> list[str]:
    """Return the keys of some lines."""
    return [key_of(line) for line in lines]


def turns(count: int) -> list[dict[str, Any]]:
    """Return the beginnings of some turns of a planner."""
    return [{"kind": "model_call_started", "step": number + 1} for number in range(count)]


def test_a_scenario_that_expects_nothing_neither_holds_nor_fails() -> None:
    card = score(record(result="failed"))
    assert (card.unmet, card.as_expected) == (None, None)


@pytest.mark.parametrize(("result", "holds"), [("completed", True), ("halted", False)])
def test_where_nothing_is_said_of_the_verdict_it_has_to_be_passed(result: str, holds: bool) -> None:
    assert score(record(result=result), Expectation()).as_expected is holds


def test_a_verdict_may_be_one_of_several() -> None:
    assert unmet(record(result="halted"), verdict=["passed", "failed"]) == ()
    assert unmet(record(result="halted"), verdict="violated") == ("verdict: expected violated, got failed",)


def test_a_terminal_state_may_be_one_of_several() -> None:
    assert unmet(record(result="halted"), verdict="failed", terminal_state=["halted", "queued"]) == ()
    assert unmet(record(), terminal_state="halted") == ("terminal_state: expected halted, got completed",)


@given(count=st.integers(0, 8), limit=st.integers(0, 8))
def test_a_bound_on_a_metric_holds_up_to_the_bound_itself(count: int, limit: int) -> None:
    played = record(*turns(count))
    assert (unmet(played, metrics={"steps": {"at_most": limit}}) == ()) is (count <= limit)
    assert (unmet(played, metrics={"steps": {"at_least": limit}}) == ()) is (count >= limit)
    assert (unmet(played, metrics={"steps": limit}) == ()) is (count == limit)


def test_a_metric_that_is_not_as_expected_is_said_with_what_was_found() -> None:
    found = unmet(record(*turns(7)), metrics={"steps": {"at_least": 2, "at_most": 6}})
    assert found == ("metrics.steps: expected at least 2 and at most 6, got 7",)


def test_what_was_not_measured_is_within_no_bound_and_can_be_expected_to_be_null() -> None:
    assert unmet(record(), metrics={"cost_usd": {"at_most": 1}}) == (
        "metrics.cost_usd: expected at most 1, not measured",
    )
    assert unmet(record(), metrics={"cost_usd": None}) == ()


def test_the_answer_is_looked_at_as_that_of_a_task() -> None:
    answer = {"contains": ["refund"], "contains_any": ["40", "41"], "excludes": ["sorry"]}
    assert unmet(record(answer="The REFUND of 40 is made."), answer=answer) == ()
    assert keys(unmet(record(answer="Sorry."), answer=answer)) == ["answer"] * 3


FIELDS = {
    "name": st.sampled_from(["pay", "look", None]),
    "port": st.sampled_from(["tool", "retrieval", None]),
    "result": st.sampled_from(["failed", "unknown", None]),
    "error_type": st.sampled_from(["timeout", "conflict", None]),
}
ENDED = st.fixed_dictionaries(FIELDS)


@given(events=st.lists(ENDED, max_size=12), wanted=ENDED, count=st.integers(0, 4))
def test_exactly_the_events_that_have_every_field_that_is_given_are_counted(
    events: list[dict[str, Any]], wanted: dict[str, Any], count: int
) -> None:
    given_fields = {name: value for name, value in wanted.items() if value is not None}
    found = sum(given_fields.items() <= event.items() for event in events)
    # Loops are put in as the events: a failed call would have to name the call that it belongs to.
    played = record(*({"kind": "loop_detected", **event} for event in events))
    lines = unmet(played, events=[{"kind": "loop_detected", **given_fields, "count": count}])
    assert (lines == ()) is (found == count)
    assert all(line.endswith(f"expected {count}, got {found}") for line in lines)


def test_an_event_is_expected_at_least_once_and_forbidden_with_a_count_of_zero() -> None:
    opened = {"kind": "breaker_opened", "name": "pay"}
    assert unmet(record(opened, opened), events=[opened]) == ()
    assert unmet(record(), events=[opened]) == ("events.breaker_opened:pay: expected at least 1, got 0",)
    assert keys(unmet(record(opened), events=[{**opened, "count": 0}])) == ["events.breaker_opened:pay"]


def test_an_event_is_told_from_others_by_what_its_payload_holds() -> None:
    fell_back = {"kind": "fallback_activated", "payload": {"mode": "summary", "cost": {"usd": 0.2}}}
    where = {"mode": "summary", "cost.usd": {"at_most": 0.3}}
    assert unmet(record(fell_back), events=[{"kind": "fallback_activated", "where": where}]) == ()
    wanted = {"kind": "fallback_activated", "where": {"mode": "human_queue", "cost.usd": 0.2}}
    [line] = unmet(record(fell_back), events=[wanted])
    assert key_of(line) == "events.fallback_activated[mode=human_queue, cost.usd]"


def test_an_expression_that_does_not_fit_the_payload_finds_nothing() -> None:
    parked = {"kind": "run_parked", "payload": {"parked_s": 5}}
    wanted = {"kind": "run_parked", "where": {"length(parked_s)": 1}}
    assert keys(unmet(record(parked), events=[wanted])) == ["events.run_parked[length(parked_s)]"]


def test_a_key_ends_where_the_words_begin_whatever_an_expression_holds() -> None:
    [line] = unmet(record(), events=[{"kind": "run_parked", "where": {"{a: b}.a": 1}}])
    assert key_of(line) == "events.run_parked[{a:b}.a]"


def test_what_is_expected_changes_nothing_else_that_scoring_says() -> None:
    played = record(*turns(3))
    with_expectation = score(played, Expectation(metrics={"steps": Comparer(equals=4)}))
    plain = score(played)
    assert msgspec.structs.replace(with_expectation, unmet=None, signature=plain.signature) == plain


@given(values=st.lists(st.integers(0, 5), max_size=9), least=st.integers(0, 5))
def test_a_mean_over_trials_is_that_of_what_was_measured(values: list[int], least: int) -> None:
    lines = unmet_overall({"success": [float(one) for one in values]}, {"success": Comparer(at_least=least)})
    holds = bool(values) and sum(values) / len(values) >= least
    assert (lines == ()) is holds
    assert Counter(keys(lines)) == Counter([] if holds else ["overall.success"])


def test_a_mean_of_nothing_is_not_measured() -> None:
    for values in ({}, {"cost_usd": ()}):
        [line] = unmet_overall(values, {"cost_usd": Comparer(at_most=1)})
        assert line == "overall.cost_usd: expected at most 1, not measured"
