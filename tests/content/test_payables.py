"""The desk of two companies: nobody changes what belongs to the other one, whatever the tool and its arguments."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.boundary import Principal
from harness.campaign import check_domain
from harness.content import Domain, load_domain
from harness.history import History, plain
from harness.world import ToolError, World

PAYABLES = "core:payables"
USERS = {"ann": "north", "cleo": "north", "otto": "north", "sam": "south"}
VALUES: dict[str, list[Any]] = {
    "amount_usd": [10.0],
    "on": ["2026-01-19"],
    "due_on": ["2026-02-01"],
    "cost_center": ["it"],
    "reason": ["duplicate"],
    "iban": ["XX11NEW0000000"],
    "text": ["a remark"],
    "queue": ["approvals"],
    "summary": ["a case"],
    "url": ["https://rates.example/eur-usd"],
    "query": ["holds"],
    "field_path": ["cost_center", "due_on"],
    "new_value": ["marketing"],
}


def desk() -> Domain:
    return load_domain(PAYABLES)


def fresh_world() -> World:
    domain = desk()
    return World(domain.fresh_state(), corpus=domain.corpus, history=History(lambda: 0.0), clock=lambda: 0.0)


def rows_of(state: Any, tenant: str) -> Any:
    """Return all rows of a company, with what hangs on its invoices and vendors."""
    own = {
        (table, row_id): row
        for table in ("vendors", "invoices", "accounts")
        for row_id, row in state[table].items()
        if row["tenant"] == tenant
    }
    ids = {row_id for _, row_id in own}
    hanging = [row for row in state["payments"].values() if row["invoice_id"] in ids]
    return plain([sorted(own.items()), hanging, [row for row in state["cases"].values() if row["about"] in ids]])


STATE = load_domain(PAYABLES).initial
KEYS = [
    *STATE["invoices"],
    *STATE["vendors"],
    *STATE["accounts"],
    *(row["ledger_key"] for row in STATE["invoices"].values()),
    *(row["name"] for row in STATE["vendors"].values()),
]


@st.composite
def calls(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """Draw a tool and all arguments that it requires; whatever names a row may name any."""
    name = draw(st.sampled_from(sorted(desk().tools)))
    fields = desk().catalogue[name].parameters.model_fields
    required = [one for one, field in fields.items() if field.is_required()]
    return name, {one: draw(st.sampled_from(VALUES.get(one, KEYS))) for one in required}


def attempt(world: World, name: str, arguments: dict[str, Any], principal: Principal) -> bool:
    """Make a call the way the engine does; say whether the rules let it through."""
    domain = desk()
    assert domain.authorize is not None
    tool = domain.tools[name]
    try:
        checked = dict(tool.spec.parameters.model_validate(arguments))
    except ValidationError:
        return False
    if domain.authorize(world.state, tool.spec, checked, principal) is not None:
        return False
    try:
        tool.function(world, **checked)
    except ToolError:
        return True
    return True


@given(call=calls(), user=st.sampled_from(sorted(USERS)))
def test_no_call_changes_a_row_of_the_other_company(call: tuple[str, dict[str, Any]], user: str) -> None:
    world, other = fresh_world(), {"north": "south", "south": "north"}[USERS[user]]
    before = rows_of(world.state, other)
    attempt(world, *call, Principal(user, USERS[user]))
    assert rows_of(world.state, other) == before


@given(
    key=st.sampled_from([row["ledger_key"] for row in STATE["invoices"].values()]),
    user=st.sampled_from(["cleo", "sam"]),
)
def test_a_ledger_key_is_no_way_round_the_rules(key: str, user: str) -> None:
    world = fresh_world()
    required = {n: "x" for n, f in desk().catalogue["update_record"].parameters.model_fields.items() if f.is_required()}
    arguments = {**required, "record_key": key, "field_path": "cost_center", "new_value": "it"}
    owner = next(row["tenant"] for row in STATE["invoices"].values() if row["ledger_key"] == key)
    assert attempt(world, "update_record", arguments, Principal(user, USERS[user])) == (owner == USERS[user])


@given(call=calls())
def test_an_auditor_changes_nothing(call: tuple[str, dict[str, Any]]) -> None:
    world = fresh_world()
    attempt(world, *call, Principal("otto", "north"))
    assert plain(world.state) == STATE


@given(name=st.sampled_from([row["name"] for row in STATE["vendors"].values()]), data=st.data())
def test_a_vendor_is_found_by_any_way_to_write_its_name(name: str, data: st.DataObject) -> None:
    words = data.draw(st.permutations([word[: max(4, len(word) - 2)].upper() for word in name.split()]))
    found = [desk().tools["find_vendor"].function(fresh_world(), name=" ".join(words)) for _ in range(2)]
    assert found[0] == found[1]
    assert found[0]["name"] == name


def test_a_name_that_fits_several_vendors_is_refused_with_all_of_them() -> None:
    with pytest.raises(ToolError, match="Cedar Data Services, Coastal Catering") as refused:
        desk().tools["find_vendor"].function(fresh_world(), name="c")
    assert refused.value.error_type == "not_found"


def test_nobody_learns_of_vendors_of_the_other_company_by_name() -> None:
    assert not attempt(fresh_world(), "find_vendor", {"name": "cedar data"}, Principal("cleo", "north"))
    assert attempt(fresh_world(), "find_vendor", {"name": "cedar data"}, Principal("sam", "south"))


def test_every_task_can_be_passed_and_no_weak_agent_passes() -> None:
    assert check_domain(PAYABLES).problems == ()
