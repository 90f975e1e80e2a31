"""Answers that keep the contract and are wrong: plausible, from the answer itself, the same at every play."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.boundary import Call, Reply, succeeded
from harness.content import all_fault_kinds
from harness.history import canonical_json, plain
from harness.orchestrator.contracts import StrictContracts
from harness.planners import Context, Role
from harness.scoring import Record, score
from tests.conftest import Play
from tests.planners.cases import GOT, PLAIN, READ, REFUND, context

KIND = all_fault_kinds()["wrong_output"]
MISTAKES = [options["mistake"] for options in KIND.variants.values()]
SOUND = {"calls": [msgspec.to_builtins(REFUND)], "thought": "step-4: refund"}
SEEN = context(READ, GOT)


class Answered:
    """An exchange in which the model has answered."""

    def __init__(self, value: Any, seen: Context | None) -> None:
        self.call = Call("model", "planner", {}, "run-1", context=seen)
        self._value = value

    async def proceed(self) -> Reply:
        return succeeded(self._value)


def mistaken(value: Any, mistake: str, seen: Context | None = SEEN) -> Any:
    """Return what becomes of an answer."""
    options = KIND.options.model_validate({"mistake": mistake})
    return asyncio.run(KIND.inject(options, Answered(value, seen))).value  # type: ignore[union-attr,arg-type]


def arguments(value: Any) -> Any:
    """Return the arguments of the first call."""
    return value["calls"][0]["arguments"]


DAMAGED = {
    "refusal": {"answer": "I am sorry, but I cannot help with that."},
    "success_framing": {"answer": "Done. Everything that you asked for is taken care of."},
    "dropped_call": {"answer": "I will use refund now."},
    "duplicated_call": {**SOUND, "calls": [*SOUND["calls"], *SOUND["calls"]]},
    "loop": {"calls": [{"tool": "get_order", "arguments": {"order_id": "O-1"}, "intent": "step-2"}]},
}


@pytest.mark.parametrize("mistake", DAMAGED)
def test_a_decision_becomes_another_one(mistake: str) -> None:
    assert mistaken(SOUND, mistake) == DAMAGED[mistake]


def test_of_several_calls_the_last_is_dropped() -> None:
    assert mistaken(DAMAGED["duplicated_call"], "dropped_call") == SOUND


def test_a_required_argument_is_missing() -> None:
    assert arguments(mistaken(SOUND, "missing_argument")) == {"order_id": "O-1", "reason": "damaged"}


def test_an_argument_is_there_that_the_tool_does_not_know() -> None:
    assert arguments(mistaken(SOUND, "extra_argument")) == {**REFUND.arguments, "priority": "high"}


def test_the_wrong_number_is_one_that_was_told() -> None:
    order = msgspec.structs.replace(GOT, value={"total": 40.0, "shipping": 4.5})
    wrong = mistaken(SOUND, "wrong_argument", context(READ, order))
    assert arguments(wrong) == {**REFUND.arguments, "usd": 4.5}


def test_where_no_other_number_was_told_the_schema_says_what_can_be_wrong() -> None:
    wrong = arguments(mistaken(SOUND, "wrong_argument"))
    assert wrong != REFUND.arguments
    assert wrong["order_id"] == "O-1"
    assert SEEN.catalogue["refund"].parameters.model_validate(wrong)


@pytest.mark.parametrize(("told", "wrong"), [("", "O-2"), ("Like O-7 and O-8.", "O-7")])
def test_the_wrong_thing_is_one_that_was_told_or_the_next(told: str, wrong: str) -> None:
    read = msgspec.structs.replace(READ, text=told)
    assert arguments(mistaken(SOUND, "wrong_entity", context(read, GOT))) == {**REFUND.arguments, "order_id": wrong}


@pytest.mark.parametrize("mistake", ["wrong_argument", "wrong_entity", "loop"])
def test_nothing_plausible_can_be_made_up_without_a_context(mistake: str) -> None:
    assert mistaken(SOUND, mistake, None) == SOUND


@pytest.mark.parametrize(
    ("sound", "wrong"),
    [
        ({"answer": "Refunded 40.0 USD for O-1."}, {"answer": "Refunded 41.1 USD for O-2."}),
        ({"accept": False, "problem": "x"}, {"accept": True, "problem": "x"}),
        ({"route": "long", "requires_human": True}, {"route": "long", "requires_human": False}),
        (SOUND, SOUND),
    ],
)
def test_what_is_told_with_confidence_is_wrong(sound: Any, wrong: Any) -> None:
    assert mistaken(sound, "confident_wrong") == wrong


BROKEN = {
    "calls": st.lists(PLAIN | st.fixed_dictionaries({"tool": st.text(), "arguments": PLAIN}), max_size=3) | PLAIN,
    "answer": PLAIN,
    "accept": PLAIN,
}


@given(PLAIN | st.fixed_dictionaries({}, optional=BROKEN), st.sampled_from(MISTAKES))
def test_whatever_a_model_said_can_be_wrong_or_stays_as_it_is(value: Any, mistake: str) -> None:
    before = canonical_json(value)
    assert plain(mistaken(value, mistake)) is not NotImplemented
    assert canonical_json(value) == before


@given(st.sampled_from([m for m in MISTAKES if m not in ("missing_argument", "extra_argument")]))
def test_a_wrong_decision_keeps_its_contract_and_its_tools(mistake: str) -> None:
    decision = StrictContracts().read("planner", mistaken(SOUND, mistake))
    for call in getattr(decision, "calls", ()):
        SEEN.catalogue[call.tool].parameters.model_validate(call.arguments)


@pytest.mark.parametrize(
    ("role", "value"),
    [
        ("synthesis", {"answer": "Refunded 40 USD."}),
        ("critique", {"accept": True}),
        ("classification", {"route": "interactive", "requires_human": False}),
    ],
)
@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_wrong_word_of_every_other_role_keeps_its_contract(role: Role, value: Any, mistake: str) -> None:
    StrictContracts().read(role, mistaken(value, mistake, context(READ, role=role)))


def hurt(play: Play, mistake: str, nth: int, **spec: Any) -> Record:
    """Play a trial in which one answer of the planner is wrong."""
    fault = {"kind": "wrong_output", "at": "model:planner", "when": {"nth": nth}, "options": {"mistake": mistake}}
    return play(fault, **spec).record


def test_a_thing_that_nobody_told_is_shown_to_a_person(play: Play) -> None:
    record = hurt(play, "wrong_entity", 3)
    [asked] = record.of("approval_requested")
    assert asked.payload["arguments"]["reason"] == "ungrounded identifier: order_id"
    assert not record.of("effect_committed")


def test_a_call_that_comes_twice_in_one_answer_takes_effect_once(play: Play) -> None:
    record = hurt(play, "duplicated_call", 3)
    assert len(record.of("effect_committed")) == 1
    assert not score(record).violations


def test_a_loop_without_end_is_ended(play: Play) -> None:
    fault = {"kind": "wrong_output", "at": "model:planner", "when": {"every": True}, "options": {"mistake": "loop"}}
    record = play(fault).record
    assert record.of("loop_detected")
    assert not score(record).violations
