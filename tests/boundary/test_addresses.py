"""Addresses say where a call happened, and nothing that happens elsewhere moves them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.boundary import parse_selector, site_of

words = st.text(st.characters(categories=["Ll", "Nd"], include_characters="_-"), min_size=1, max_size=8)


def test_a_site_names_run_port_tool_and_identity() -> None:
    """The identity stands in brackets, in declared order."""
    assert site_of("run-1", "tool", "issue_refund", {"order_id": "O-1"}) == "run-1/tool:issue_refund[order_id=O-1]"


def test_a_site_without_identity_has_no_brackets() -> None:
    """A tool that acts on nothing in particular has one site."""
    assert site_of("run-1", "model", "planner", {}) == "run-1/model:planner"


@pytest.mark.parametrize(
    ("selector", "picked"),
    [
        ("*", True),
        ("tool", True),
        ("tool:*", True),
        ("tool:issue_refund", True),
        ("tool:issue_*", True),
        ("run-1/tool:issue_refund", True),
        ("tool:issue_refund[order_id=O-1]", True),
        ("run-2/tool:issue_refund", False),
        ("model", False),
        ("tool:get_order", False),
        ("tool:issue_refund[order_id=O-2]", False),
    ],
)
def test_a_selector_picks_by_each_of_its_parts(selector: str, picked: bool) -> None:
    """A part that is left out picks everything."""
    assert parse_selector(selector).picks("run-1", "tool", "issue_refund", {"order_id": "O-1"}) is picked


@given(run=words, port=words, name=words, value=words)
def test_every_site_is_a_selector_that_picks_itself(run: str, port: str, name: str, value: str) -> None:
    """So that a site can be copied from a report into a scenario."""
    identity: dict[str, Any] = {"id": value}
    assert parse_selector(site_of(run, port, name, identity)).picks(run, port, name, identity)


@pytest.mark.parametrize("text", ["", "a/b/c", "tool:x[y", ":"])
def test_what_is_no_selector_is_refused_with_an_example(text: str) -> None:
    """The message shows the accepted shape."""
    with pytest.raises(ValueError, match="for example tool:issue_refund"):
        parse_selector(text)
