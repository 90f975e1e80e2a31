"""How requests are spoiled: for every shape of argument that a tool may declare."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from harness.boundary import ToolSpec
from harness.planners import Context, ToolRequest
from harness.planners.mistakes import (
    with_invented_identifier,
    with_invented_texts,
    with_wrong_argument,
    with_wrong_tool,
)
from tests.planners.cases import ASK


class Speed(Enum):
    """How fast."""

    SLOW = "slow"
    FAST = "fast"


class Parcel(BaseModel):
    """Every shape of argument."""

    model_config = ConfigDict(extra="forbid")

    parcel_id: int
    weight_kg: Annotated[float, Field(gt=0, le=3)]
    fragile: bool
    speed: Speed
    country: Literal["DE", "FR"] | None
    postal_code: Annotated[str, Field(pattern=r"^\d{5}$")]
    remark: Annotated[str, Field(max_length=12)]
    greeting: str | None = None
    labels: list[str]


SPEC = ToolSpec("send_parcel", "Send.", Parcel, effect="write", identity=("parcel_id",))
REQUEST = ToolRequest(
    "send_parcel",
    {
        "parcel_id": 7,
        "weight_kg": 3.0,
        "fragile": True,
        "speed": "slow",
        "country": "DE",
        "postal_code": "10115",
        "remark": "by bicycle",
        "labels": ["up"],
    },
    "step-1",
)
CONTEXT = Context(ASK, {"send_parcel": SPEC}, [])


def choose(number: int) -> Any:
    """Return a way to pick that always takes the choice at that place, round and round."""

    def pick(_kind: str, choices: Sequence[Any]) -> Any:
        return choices[number % len(choices)]

    return pick


def changes(request: ToolRequest | None) -> dict[str, Any]:
    """Return the arguments that differ from the sound ones."""
    assert request is not None
    return {name: value for name, value in request.arguments.items() if value != REQUEST.arguments.get(name)}


@given(st.integers(0, 100))
def test_a_wrong_argument_is_one_and_is_accepted(number: int) -> None:
    request = with_wrong_argument(CONTEXT, SPEC, REQUEST, choose(number))
    Parcel.model_validate(request.arguments if request else None)
    assert len(changes(request)) == 1


def test_every_argument_that_has_another_value_can_be_wrong() -> None:
    found: dict[str, Any] = {}
    for number in range(6):
        found |= changes(with_wrong_argument(CONTEXT, SPEC, REQUEST, choose(number)))
    assert found == {
        "parcel_id": 8,
        "weight_kg": 2.0,
        "fragile": False,
        "speed": "fast",
        "country": "FR",
        "remark": "by bicycl",
    }


def test_nothing_is_wrong_where_no_argument_has_another_value() -> None:
    bare = ToolRequest("send_parcel", {"labels": ["up"]}, "step-1")
    assert with_wrong_argument(CONTEXT, SPEC, bare, choose(0)) is None


def test_a_number_can_be_an_identifier() -> None:
    assert changes(with_invented_identifier(CONTEXT, SPEC, REQUEST, choose(0))) == {"parcel_id": 8}
    assert changes(with_invented_identifier(CONTEXT, SPEC, REQUEST, choose(1))) == {"parcel_id": 907}


@pytest.mark.parametrize(("name", "value"), [("order_id", 7), ("remark", "about O-7")])
def test_an_argument_is_an_identifier_by_its_name_or_by_its_look(name: str, value: Any) -> None:
    spec = ToolSpec("tool", "", Parcel)
    assert with_invented_identifier(CONTEXT, spec, ToolRequest("tool", {name: value}), choose(0)) is not None


@pytest.mark.parametrize(("name", "value"), [("paid", True), ("grid", 0.5), ("amount", 7), ("remark", "by bicycle")])
def test_other_arguments_are_no_identifiers(name: str, value: Any) -> None:
    spec = ToolSpec("tool", "", Parcel)
    assert with_invented_identifier(CONTEXT, spec, ToolRequest("tool", {name: value}), choose(0)) is None


def test_only_arguments_that_take_any_text_are_made_up() -> None:
    request = with_invented_texts(CONTEXT, SPEC, REQUEST, lambda _kind: True)
    assert changes(request) == {"remark": "the usual re", "greeting": "the usual greeting"}


def test_each_text_has_a_chance_of_its_own() -> None:
    request = with_invented_texts(CONTEXT, SPEC, REQUEST, lambda kind: kind == "free_form:greeting")
    assert changes(request) == {"greeting": "the usual greeting"}


def test_a_tool_can_not_be_mistaken_for_itself() -> None:
    assert with_wrong_tool(CONTEXT, SPEC, REQUEST, choose(0)) is None
