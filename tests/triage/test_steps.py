"""Canonical steps: what is the same in two trials, and what only looks different."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.history import Event
from harness.triage import Step, align, steps_of
from harness.triage.alignment import longest_common
from tests.triage.conftest import LOST, events_of


def said(*payloads: dict[str, Any], step: int = 1) -> list[Event]:
    return [
        Event(number, 1.0 + number, "model_call_completed", "run-1", step, "model", "planner", payload={"value": one})
        for number, one in enumerate(payloads)
    ]


def wants(intent: str, **arguments: Any) -> dict[str, Any]:
    return {"calls": [{"tool": "get_order", "arguments": arguments, "intent": intent}], "thought": f"for {intent}"}


def keys(events: list[Event]) -> list[object]:
    return [step.key for step in steps_of(events)]


def test_thoughts_and_the_names_of_intents_make_no_difference() -> None:
    assert keys(said(wants("look it up", id="O-1"))) == keys(said(wants("step-1", id="O-1")))


def test_a_new_intent_is_not_the_former_one_again() -> None:
    again, anew = [said(wants("a", id="O-1"), wants(name, id="O-1")) for name in "ab"]
    assert keys(again)[0] == keys(anew)[0]
    assert keys(again)[1] != keys(anew)[1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("0b7c1b3e-7c2a-4d55-9d1f-0a51a4a5f001", "91d0ad2c-3c1b-4c7a-8a52-5f6ee0c4f002"),
        ("sent 2026-01-01T10:00:00Z", "sent 2026-02-03T11:30:00Z"),
        ("d41d8cd98f00b204", "e99a18c428cb38d5"),
    ],
)
def test_what_is_generated_anew_makes_no_difference(one: str, other: str) -> None:
    assert keys(said(wants("a", note=one))) == keys(said(wants("a", note=other)))


def test_keys_and_timestamps_make_no_difference_wherever_they_stand() -> None:
    one, other = ({"order": {"id": "O-1", "idempotency_key": name, "created_at": name}} for name in "ab")
    assert keys(said(wants("a", **one))) == keys(said(wants("a", **other)))


def test_another_identifier_of_a_thing_is_another_step() -> None:
    assert keys(said(wants("a", order_id="O-1"))) != keys(said(wants("a", order_id="O-2")))


@pytest.mark.usefixtures("shop")
def test_times_are_no_part_of_a_step() -> None:
    events = events_of()
    later = [
        Event(**{name: getattr(one, name) for name in Event.__struct_fields__} | {"time_s": 9.0}) for one in events
    ]
    assert keys(events) == keys(later)


@pytest.mark.usefixtures("shop")
def test_a_call_that_is_made_again_in_vain_is_a_retry() -> None:
    steps = steps_of(events_of(LOST, without=("idempotency_keys",)))
    assert [step.name for step in steps if step.kind == "retry" and step.again] == ["issue_refund"]


def plain(name: str, seq: int) -> Step:
    return Step("call", "run-1", seq, seq, name, {})


@given(st.text("abc", max_size=12), st.text("abc", max_size=12))
def test_an_alignment_holds_every_step_of_both_sides_once_and_in_order(one: str, other: str) -> None:
    here, there = ([plain(name, seq) for seq, name in enumerate(text)] for text in (one, other))
    rows = align(here, there)
    assert [row.baseline for row in rows if row.baseline] == here
    assert [row.candidate for row in rows if row.candidate] == there


@given(st.text("abc", max_size=12), st.text("abc", max_size=12))
def test_no_alignment_has_more_steps_beside_their_equals(one: str, other: str) -> None:
    def longest(a: str, b: str) -> int:
        table = [0] * (len(b) + 1)
        for x in a:
            former = 0
            for at, y in enumerate(b, 1):
                former, table[at] = table[at], former + 1 if x == y else max(table[at], table[at - 1])
        return table[-1]

    here, there = ([plain(name, seq) for seq, name in enumerate(text)] for text in (one, other))
    assert sum(row.alike for row in align(here, there)) == len(longest_common(one, other)) == longest(one, other)
