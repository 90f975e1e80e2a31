"""Results that are cut, changed or made up, whatever the tool has said."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.boundary import Reply, failed, succeeded
from harness.content import all_fault_kinds
from harness.history import canonical_json
from harness.scoring import score
from tests.conftest import Play

KIND = all_fault_kinds()["wrong_result"]
WAYS = [options["way"] for options in KIND.variants.values()]
ORDER = {
    "order_id": "O-1009",
    "bought_for": {"name": "Ada", "plan_id": 7},
    "items": [{"name": "lamp", "price_usd": 40}, {"name": "cord", "price_usd": 4.5}],
    "paid": True,
    "placed_on": "2025-12-24",
    "total_usd": 44.5,
    "coupon": None,
}
DAMAGED = {
    "empty": {"items": []},
    "partial": {**ORDER, "items": ORDER["items"][:1], "partial": True},  # type: ignore[index]
    "new_schema": {
        "version": 2,
        "data": {
            "orderId": "O-1009",
            "boughtFor": {"name": "Ada", "planId": 7},
            "items": [{"name": "lamp", "priceUsd": 40}, {"name": "cord", "priceUsd": 4.5}],
            "paid": True,
            "placedOn": "2025-12-24",
            "totalUsd": 44.5,
            "coupon": None,
        },
    },
    "swapped_fields": {**ORDER, "order_id": "2025-12-24", "placed_on": "O-1009"},
    "wrong_type": {
        "order_id": ["O-1009"],
        "bought_for": {"name": ["Ada"], "plan_id": "7"},
        "items": [{"name": ["lamp"], "price_usd": "40"}, {"name": ["cord"], "price_usd": "4.5"}],
        "paid": "true",
        "placed_on": ["2025-12-24"],
        "total_usd": "44.5",
        "coupon": None,
    },
    "wrong_unit": {
        **ORDER,
        "items": [{"name": "lamp", "price_usd": 4000}, {"name": "cord", "price_usd": 450.0}],
        "total_usd": 4450.0,
    },
    "fabricated": {
        "order_id": "O-1010",
        "bought_for": {"name": "Ada", "plan_id": 14},
        "items": [{"name": "lamp", "price_usd": 47}, {"name": "cord", "price_usd": 11.5}],
        "paid": True,
        "placed_on": "2029-12-24",
        "total_usd": 51.5,
        "coupon": None,
    },
    "contradictory": {**ORDER, "paid": False},
}
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "a_b", "x"]), inner),
    max_leaves=8,
)


class Answered:
    """An exchange in which the tool has answered."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply

    async def proceed(self) -> Reply:
        return self._reply


def damaged(reply: Reply, way: str, **options: Any) -> Reply:
    """Return what becomes of a reply."""
    checked = KIND.options.model_validate({"way": way, **options})
    return asyncio.run(KIND.inject(checked, Answered(reply)))  # type: ignore[union-attr,arg-type,no-any-return]


@pytest.mark.parametrize("way", DAMAGED)
def test_a_result_is_wrong_in_its_way(way: str) -> None:
    assert damaged(succeeded(ORDER), way).value == DAMAGED[way]


def test_a_result_without_lists_loses_half_of_its_fields() -> None:
    value = {"order_id": "O-1", "status": "open", "total_usd": 4.5}
    assert damaged(succeeded(value), "partial").value == {"order_id": "O-1", "partial": True}


@pytest.mark.parametrize("characters", [1, 64, 100_000])
def test_an_oversize_result_is_as_long_as_was_planned(characters: int) -> None:
    value = damaged(succeeded(ORDER), "oversize", characters=characters).value
    assert len(value.pop("log")) == characters
    assert value == ORDER


@given(PLAIN, st.sampled_from(WAYS))
def test_whatever_a_tool_said_can_be_wrong_or_stays_as_it_is(value: Any, way: str) -> None:
    before = canonical_json(value)
    canonical_json(damaged(succeeded(value), way, characters=10).value)  # it is still plain data
    assert canonical_json(value) == before


@pytest.mark.parametrize("way", WAYS)
def test_a_refusal_stays_as_it_is(way: str) -> None:
    refused = failed("not_found", "there is no order O-7")
    assert damaged(refused, way) is refused


@pytest.mark.parametrize("way", ["empty", "new_schema", "wrong_type"])
def test_what_can_not_be_read_is_not_acted_on(play: Play, way: str) -> None:
    record = play({"kind": "wrong_result", "at": "tool:get_order", "options": {"way": way}}).record
    assert not record.of("effect_committed")
    assert record.of("run_completed")[0].result == "completed"
    assert score(record).outcome == "failed"


def test_an_oversize_result_ends_in_words(play: Play) -> None:
    fault = {"kind": "wrong_result", "at": "tool:get_order", "options": {"way": "oversize", "characters": 1_000_000}}
    record = play(fault).record
    assert record.of("run_completed")[0].result in ("halted", "failed", "queued")
    assert not score(record).violations
