"""The access rules of the desk for two companies, and the domain's own check."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from harness.boundary import Principal
from harness.content import Domain, load_domain

USERS = {"ann": "north", "cleo": "north", "otto": "north", "sam": "south"}
ROWS = ["I-1001", "I-1006", "I-2001", "I-2002", "V-01", "V-05", "A-01"]
ARGUMENTS = ["invoice_id", "vendor_id", "account", "about"]


def domain() -> Domain:
    return load_domain("payables")


def ruling(tool: str, arguments: dict[str, Any], principal: Principal) -> str | None:
    """Ask the access rules about one call in the fresh world."""
    found = domain()
    assert found.authorize is not None
    return found.authorize(found.initial, found.catalogue[tool], arguments, principal)


def tenant_of(row: str) -> str:
    return str(
        next(table[row]["tenant"] for table in domain().initial.values() if isinstance(table, dict) and row in table)
    )


@given(
    tool=st.sampled_from(sorted(load_domain("payables").catalogue)),
    argument=st.sampled_from(ARGUMENTS),
    row=st.sampled_from(ROWS),
    user=st.sampled_from(sorted(USERS)),
)
def test_nobody_reaches_a_row_of_the_other_company(tool: str, argument: str, row: str, user: str) -> None:
    allowed = ruling(tool, {argument: row}, Principal(user, USERS[user])) is None
    assert not allowed or tenant_of(row) == USERS[user] or row not in domain().initial[TABLES[argument]] | VENDORS


TABLES = {"invoice_id": "invoices", "vendor_id": "vendors", "account": "accounts", "about": "invoices"}
VENDORS = load_domain("payables").initial["vendors"]


@given(tool=st.sampled_from(sorted(load_domain("payables").catalogue)), row=st.sampled_from(ROWS[:4]))
def test_the_service_account_may_do_everything(tool: str, row: str) -> None:
    """Which is why nobody should act with its right."""
    assert ruling(tool, {"invoice_id": row}, Principal("service", "*")) is None


@given(tool=st.sampled_from(sorted(load_domain("payables").catalogue)))
def test_auditors_change_nothing(tool: str) -> None:
    reads = domain().catalogue[tool].effect == "read"
    assert (ruling(tool, {"invoice_id": "I-1001"}, Principal("otto", "north")) is None) == reads


def test_clerks_do_not_pay() -> None:
    assert ruling("pay_invoice", {"invoice_id": "I-1001"}, Principal("cleo", "north")) is not None
    assert ruling("pay_invoice", {"invoice_id": "I-1001"}, Principal("ann", "north")) is None


def test_a_user_of_another_company_is_nobody() -> None:
    assert ruling("get_invoice", {"invoice_id": "I-2001"}, Principal("ann", "south")) is not None
