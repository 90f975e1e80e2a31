"""The panel that tells the kinds of faults apart: each agent shows what it is there for, and nothing else counts."""

from __future__ import annotations

import sys

import pytest

from benchmarks import distinct_faults
from benchmarks.distinct_faults import Subject, alike, main, panel, table, ways_to_fall_short
from harness.content import AgentSpec, all_fault_kinds
from harness.exploration import play

PANEL = panel()
KINDS = all_fault_kinds()
TOLD_APART = [
    ("reference with few tokens", "cost_surge", "slow"),
    ("reference with little time", "slow", "cost_surge"),
    ("reference with little money", "reordered_replies", "duplicate_delivery"),
    ("reference with two payments", "cross_tenant", "cost_surge"),
    ("reference with a question", "retrieval_results", "poisoned_description"),
    ("no look-up after a lost answer", "key_store_loss", "slow"),
    ("gullible with a handbook", "poisoned_description", "retrieval_results"),
    ("gullible with a handbook", "poisoned_document", "poisoned_text"),
    ("gullible with letters", "poisoned_text", "poisoned_document"),
    ("gullible with a memory", "poisoned_memory", "payload_change"),
    ("yes_to_something_else", "payload_change", "poisoned_memory"),
]


@pytest.mark.parametrize("name", PANEL)
def test_whoever_is_on_the_panel_does_the_task_where_nothing_else_goes_wrong(name: str) -> None:
    subject = PANEL[name]
    assert [play(subject.under(base), KINDS).outcome for base in subject.bases] == ["recovered"]


@pytest.mark.parametrize(("name", "kind", "other"), TOLD_APART)
def test_an_agent_falls_short_under_the_kind_that_it_is_there_for(name: str, kind: str, other: str) -> None:
    ways = ways_to_fall_short({name: PANEL[name]}, {one: KINDS[one] for one in (kind, other)})
    assert ways[kind]
    assert alike(ways) == []


def test_a_lost_key_does_harm_only_on_top_of_a_lost_answer() -> None:
    subject = PANEL["no look-up after a lost answer"]
    alone = Subject(subject.target, subject.agent)
    assert ways_to_fall_short({"alone": alone}, {"key_store_loss": KINDS["key_store_loss"]}) == {
        "key_store_loss": frozenset()
    }


def test_falling_short_as_without_a_fault_does_not_count() -> None:
    idle = Subject("limits/dose_a_tank", AgentSpec(name="idle", planner="do_nothing"))
    kinds = {name: KINDS[name] for name in ("payload_change", "cost_surge")}
    assert ways_to_fall_short({"idle": idle}, kinds) == {"cost_surge": frozenset(), "payload_change": frozenset()}


def test_kinds_with_the_same_ways_are_alike_and_whom_fewest_kinds_harm_is_named_first() -> None:
    lost, late = ("verdict failed",), ("terminal_state halted",)
    ways = {
        "crash": frozenset({("clerk", lost), ("agent", late), ("boss", lost)}),
        "hang": frozenset({("agent", late)}),
        "slow": frozenset({("agent", late)}),
        "stale": frozenset[distinct_faults.Way](),
    }
    assert alike(ways) == [("hang", "slow")]
    assert [line.split(maxsplit=2) for line in table(ways).splitlines()[1:]] == [
        ["crash", "3", "boss, clerk"],
        ["hang", "1", "agent"],
        ["slow", "1", "agent"],
        ["stale", "0", "nobody does"],
    ]


def test_a_panel_that_leaves_kinds_alike_ends_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    greeter = Subject("limits/say_hello_in_one_step", AgentSpec(name="reference"))
    monkeypatch.setattr(distinct_faults, "panel", lambda: {"greeter": greeter})
    monkeypatch.setattr(sys, "argv", ["distinct_faults", "--jobs", "1"])
    assert main() == 1
    assert "not told apart: stale_answer and wrong_result" in capsys.readouterr().out
