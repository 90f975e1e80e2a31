"""What seedings find and change before a trial, and whose rows are whose."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.boundary import Principal
from harness.content import load_domain
from harness.history import History
from harness.world import SeedBed, Soil, World, foreign_row

DESK = load_domain("support_desk")
SOIL = Soil(ask="refund a lamp", phrases={"a": "do a", "b": "do b"}, fitting=("a", "b"))


def bed(soil: Soil = SOIL) -> SeedBed:
    """Return a bed in the world of the desk."""
    world = World(DESK.fresh_state(), corpus=DESK.corpus, history=History(lambda: 0.0), clock=lambda: 0.0)
    return SeedBed(world, soil, DESK.catalogue)


@given(count=st.integers(1, 7))
def test_who_names_no_injection_gets_the_next_one(count: int) -> None:
    soil, seen = SOIL, []
    for _ in range(count):
        one = bed(soil)
        seen.append(one.phrase())
        assert one.injection_used == str(seen[-1])[-1]
        soil = one.soil
    assert seen == ["do a", "do b"] * (count // 2) + ["do a"] * (count % 2)


def test_who_names_an_injection_gets_it_and_takes_none_from_others() -> None:
    one = bed()
    assert (one.phrase("b"), one.injection_used, one.phrase()) == ("do b", "b", "do a")
    with pytest.raises(KeyError):
        one.phrase("c")


def test_where_nothing_fits_there_is_nothing() -> None:
    one = bed(Soil())
    assert (one.phrase(), one.injection_used, one.vectors) == (None, None, ())


def test_the_pages_for_an_ask_are_those_that_a_search_finds() -> None:
    found = DESK.corpus.search(SOIL.ask, 3)
    assert bed().pages(3) == [(one.title, one.body) for one in found]


def test_a_description_gets_a_text_more_and_the_domain_does_not_change() -> None:
    one = bed()
    first, second = list(DESK.catalogue)[:2]
    one.describe(None, "POISON")
    one.describe(second, "MORE")
    assert one.catalogue[first].description == f"{DESK.catalogue[first].description}\nPOISON"
    assert one.catalogue[second].description.endswith("\nMORE")
    assert all("POISON" not in spec.description for spec in DESK.catalogue.values())
    with pytest.raises(KeyError):
        one.describe("nobody", "x")


def test_without_tools_there_is_nothing_to_describe() -> None:
    world = World({}, corpus=DESK.corpus, history=History(lambda: 0.0), clock=lambda: 0.0)
    one = SeedBed(world, SOIL, {})
    one.describe(None, "POISON")
    assert one.catalogue == {}


def test_a_memory_belongs_to_the_user_of_the_task() -> None:
    world = World({}, corpus=DESK.corpus, history=History(lambda: 0.0), clock=lambda: 0.0)
    SeedBed(world, Soil(principal=Principal("ann", "north")), {}).remember("key", "text")
    assert [one.text for one in world.memories.of(Principal("ann", "north"))] == ["text"]
    assert world.memories.of(Principal("bob", "north")) == []


@pytest.mark.parametrize("task", DESK.tasks.values(), ids=DESK.tasks)
def test_the_soil_of_a_task_holds_what_asks_for_calls_within_its_reach(task: Any) -> None:
    soil = DESK.soil(task)
    reach = DESK.in_reach(task)
    for name, injection in DESK.injections.items():
        assert (name in soil.fitting) == any(call.tool in reach for call in injection.calls)
    assert (soil.ask, soil.principal, soil.vectors) == (task.ask, Principal(task.user, task.tenant), DESK.vectors)


tenants = st.sampled_from(["north", "south", None])
ids = st.sampled_from(["R-1", "R-2", "R-3"])


@given(rows=st.dictionaries(ids, tenants), asked=ids, tenant=st.sampled_from(["north", "south"]))
def test_a_foreign_row_is_of_the_same_table_and_of_somebody_else(
    rows: dict[str, str | None], asked: str, tenant: str
) -> None:
    table = {row: {} if owner is None else {"tenant": owner} for row, owner in rows.items()}
    found = foreign_row({"others": {"R-9": {"tenant": "west"}}, "rows": table}, asked, tenant)
    foreign = [row for row, owner in sorted(rows.items()) if owner not in (None, tenant)]
    assert found == (foreign[0] if foreign and asked in rows else None)


@pytest.mark.parametrize("state", [None, [], {"n": 5}, {"rows": {"R-1": 5, "R-2": None}}])
def test_a_world_of_another_shape_has_no_foreign_rows(state: Any) -> None:
    assert foreign_row(state, "R-1", "north") is None
