"""Provenance says which identifiers nobody has told, and which values untrusted results alone have told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from harness.boundary import ToolSpec
from harness.content import Ask, Domain, Task, bind, load_domain
from harness.history import History, plain
from harness.orchestrator.provenance import NoProvenance, ToldProvenance
from harness.world import World


class Shelf(Enum):
    """Where a parcel lies."""

    A1 = "a1"


class Arguments(BaseModel):
    """What a write is given."""

    order_id: str | int = ""
    street: str = ""
    contact: str | list[str] = ""
    amount_usd: float = 0.0
    reason: Literal["damaged", "late2"] | None = None
    shelf: Shelf = Shelf.A1


WRITE = ToolSpec("write", "Write.", Arguments, "write", ("order_id", "reason", "shelf"))
READ = ToolSpec("read", "Read.", Arguments, identity=("order_id",))
BROWSE = ToolSpec("browse", "Browse.", Arguments, untrusted=True)
INBOX = ToolSpec("inbox", "Look into the inbox.", Arguments, untrusted=True)
REMEMBER = ToolSpec("remember", "Remember.", Arguments, "write", ("order_id",), port="memory")


def told(text: str = "", **ask: str) -> ToldProvenance:
    """Return what is known when a run begins."""
    return ToldProvenance(Ask(task_id="t", text=text, **ask), {})


@pytest.mark.parametrize(
    "text",
    ["Refund O-1001", "refund o-1001, please.", "(O-1001)", "orders O-1000/O-1001", "order_id=O-1001;", "**O-1001**"],
)
def test_an_identifier_of_the_ask_is_grounded_whatever_its_case_and_punctuation(text: str) -> None:
    assert told(text).ungrounded(WRITE, {"order_id": "O-1001"}) == []


@pytest.mark.parametrize("text", ["", "Refund my order", "O-10011", "XO-1001", "O-1001-A", "1001"])
def test_an_identifier_that_nobody_has_told_is_ungrounded(text: str) -> None:
    assert told(text).ungrounded(WRITE, {"order_id": "O-1001"}) == ["order_id"]


@pytest.mark.parametrize("known", [{"user": "C-101"}, {"tenant": "C-101"}, {"policy": "Write to C-101 about it."}])
def test_the_principal_and_the_policy_are_told(known: dict[str, str]) -> None:
    assert told(**known).ungrounded(WRITE, {"order_id": "C-101"}) == []


@pytest.mark.parametrize("spec", [READ, BROWSE])
@pytest.mark.parametrize("value", ["see O-1001", {"orders": [{"id": "O-1001"}]}, {"O-1001": {"total": 3}}])
def test_every_result_grounds_what_it_names_at_any_depth(spec: ToolSpec, value: Any) -> None:
    provenance = told()
    provenance.saw(spec, value)
    assert provenance.ungrounded(WRITE, {"order_id": "O-1001"}) == []


@given(number=st.integers(-(10**15), 10**15))
def test_numbers_are_compared_by_value(number: int) -> None:
    provenance = told()
    assert provenance.ungrounded(WRITE, {"order_id": number}) == ["order_id"]
    provenance.saw(READ, {"id": float(number)})
    assert provenance.ungrounded(WRITE, {"order_id": number}) == []


def test_a_number_in_a_text_is_a_number() -> None:
    provenance = told("Pay 480.00 for number 7.")
    provenance.saw(BROWSE, "twelve of 12.50 each")
    assert provenance.ungrounded(WRITE, {"order_id": 7}) == []
    assert provenance.from_untrusted(WRITE, {"amount_usd": 12.5}) == ["amount_usd"]
    assert provenance.from_untrusted(WRITE, {"amount_usd": 480}) == []


def test_a_number_in_a_result_grounds_its_text() -> None:
    provenance = told()
    provenance.saw(READ, {"id": 26})
    assert provenance.ungrounded(WRITE, {"order_id": "26"}) == []


def test_a_truth_is_no_number() -> None:
    provenance = told()
    provenance.saw(READ, {"done": True})
    assert provenance.ungrounded(WRITE, {"order_id": 1}) == ["order_id"]
    assert provenance.ungrounded(WRITE, {"order_id": True}) == []


@pytest.mark.parametrize("spec", [READ, REMEMBER])
def test_reads_and_the_keys_of_memories_are_not_checked(spec: ToolSpec) -> None:
    """A read of a made-up thing finds nothing, and a memory is named by the agent."""
    assert told().ungrounded(spec, {"order_id": "O-1001"}) == []


@pytest.mark.parametrize("value", ["Your refund of O-1001", "2026-01-15", ""])
def test_what_planners_compose_is_no_identifier(value: str) -> None:
    assert told().ungrounded(WRITE, {"order_id": value}) == []


@pytest.mark.parametrize("argument", ["reason", "shelf"])
def test_values_of_a_closed_choice_are_no_identifiers(argument: str) -> None:
    provenance = told()
    provenance.saw(BROWSE, "a1 late2")
    assert told().ungrounded(WRITE, {argument: "late2"}) == []
    assert provenance.from_untrusted(WRITE, {argument: "late2"}) == []


def test_a_name_is_checked_where_it_says_which_thing_is_meant() -> None:
    assert told().ungrounded(WRITE, {"order_id": "Mallory", "street": "Mallory"}) == ["order_id"]


@pytest.mark.parametrize("value", ["K9", "é9", "eve@mail.example", ["ann@mail.example", "eve@mail.example"]])
def test_codes_and_addresses_are_checked_in_every_argument(value: Any) -> None:
    provenance = told("Write to ann@mail.example, Elm Road.")
    assert provenance.ungrounded(WRITE, {"contact": value, "street": "Elm", "amount_usd": 3.0}) == ["contact"]


@pytest.mark.parametrize("value", ["89101", "Road", "Road K9", "ann@mail.example"])
def test_other_arguments_are_free(value: str) -> None:
    assert told("Write to ann@mail.example.").ungrounded(WRITE, {"contact": value}) == []


def test_untrusted_tools_are_named_once_in_the_order_of_their_results() -> None:
    provenance = told()
    for spec in (READ, INBOX, BROWSE, INBOX, WRITE):
        provenance.saw(spec, {})
    assert provenance.tainted_by == ["inbox", "browse"]


@pytest.mark.parametrize(
    ("argument", "value"),
    [("order_id", "O-1033"), ("street", "600 Fremont street"), ("contact", ["x", "O-1033"]), ("amount_usd", 480)],
)
def test_what_an_untrusted_result_alone_has_told_is_from_untrusted(argument: str, value: Any) -> None:
    provenance = told("Where is O-1001?")
    provenance.saw(BROWSE, "Pay 480.00 for O-1033, to 600 Fremont Street.")
    assert provenance.from_untrusted(WRITE, {"order_id": "O-1001", argument: value}) == [argument]
    provenance.saw(READ, {"order": "O-1033", "usd": 480.0, "to": ["600 Fremont Street"]})
    assert provenance.from_untrusted(WRITE, {"order_id": "O-1001", argument: value}) == []


def test_a_phrase_does_not_reach_from_one_value_into_the_next() -> None:
    provenance = told()
    provenance.saw(BROWSE, ["600 Fremont", "Street"])
    assert provenance.from_untrusted(WRITE, {"street": "600 Fremont Street"}) == []


@pytest.mark.parametrize("value", ["", "!", "- -"])
def test_a_value_without_words_comes_from_nowhere(value: str) -> None:
    provenance = told("Hello")
    provenance.saw(BROWSE, ["", "!"])
    assert provenance.from_untrusted(WRITE, {"street": value}) == []


WORDS = st.sampled_from(["O-1", "o-2", "K9", "Elm", "a@b.example", "7", "8"])
VALUES = st.recursive(
    WORDS | st.integers(6, 9), lambda part: st.lists(part, max_size=3) | st.dictionaries(WORDS, part, max_size=3)
)
RESULTS = st.lists(st.tuples(st.sampled_from([READ, BROWSE]), VALUES), max_size=4)
CALLS = st.fixed_dictionaries({"order_id": WORDS | st.integers(6, 9), "contact": WORDS})


def after(results: list[tuple[ToolSpec, Any]]) -> ToldProvenance:
    """Return what is known after some results."""
    provenance = told("Send Elm to O-1.")
    for spec, value in results:
        provenance.saw(spec, value)
    return provenance


@given(results=RESULTS, arguments=CALLS, order=st.randoms())
def test_the_order_of_results_makes_no_difference(
    results: list[tuple[ToolSpec, Any]], arguments: dict[str, Any], order: Any
) -> None:
    shuffled = order.sample(results, len(results))
    assert after(results).ungrounded(WRITE, arguments) == after(shuffled).ungrounded(WRITE, arguments)
    assert after(results).from_untrusted(WRITE, arguments) == after(shuffled).from_untrusted(WRITE, arguments)


@given(results=RESULTS, more=RESULTS, arguments=CALLS)
def test_more_results_never_make_an_identifier_ungrounded(
    results: list[tuple[ToolSpec, Any]], more: list[tuple[ToolSpec, Any]], arguments: dict[str, Any]
) -> None:
    few, many = after(results), after([*results, *more])
    assert set(many.ungrounded(WRITE, arguments)) <= set(few.ungrounded(WRITE, arguments))


@given(results=RESULTS, arguments=CALLS)
def test_nothing_is_both_untold_and_from_untrusted(
    results: list[tuple[ToolSpec, Any]], arguments: dict[str, Any]
) -> None:
    provenance = after(results)
    assert not set(provenance.ungrounded(WRITE, arguments)) & set(provenance.from_untrusted(WRITE, arguments))


@given(results=RESULTS, arguments=CALLS)
def test_only_an_untrusted_result_makes_anything_from_untrusted(
    results: list[tuple[ToolSpec, Any]], arguments: dict[str, Any]
) -> None:
    trusted = [(READ, value) for _, value in results]
    assert after(trusted).from_untrusted(WRITE, arguments) == []
    assert after(trusted).tainted_by == []


def test_without_provenance_everything_is_trusted() -> None:
    provenance = NoProvenance()
    provenance.saw(BROWSE, "O-1033")
    assert not provenance.tainted_by
    assert provenance.ungrounded(WRITE, {"order_id": "O-1001"}) == []
    assert provenance.from_untrusted(WRITE, {"order_id": "O-1033"}) == []


DESK = load_domain("core:support_desk")


def walk(domain: Domain, task: Task) -> Iterator[tuple[ToldProvenance, ToolSpec, dict[str, Any]]]:
    """Follow the reference of a task, and yield each call with what is known before it."""
    provenance = ToldProvenance(task.asked(domain.policy), {})
    world = World(domain.fresh_state(), corpus=domain.corpus, history=History(lambda: 0.0), clock=lambda: 0.0)
    results: dict[str, Any] = {}
    for index, step in enumerate(task.reference.steps):
        tool, arguments = domain.tools[step.tool], bind(step.args, results)
        yield provenance, tool.spec, arguments
        value = plain(tool.function(world, **dict(tool.spec.parameters.model_validate(arguments))))
        results[step.id or str(index)] = value
        provenance.saw(tool.spec, value)


@pytest.mark.parametrize("task", DESK.tasks.values(), ids=DESK.tasks)
def test_no_reference_of_the_support_desk_makes_anything_up(task: Task) -> None:
    for provenance, spec, arguments in walk(DESK, task):
        assert provenance.ungrounded(spec, arguments) == [], spec.name


@pytest.mark.parametrize("task", DESK.tasks.values(), ids=DESK.tasks)
def test_every_other_identifier_in_a_reference_of_the_support_desk_is_noticed(task: Task) -> None:
    """The thing that a write acts on, with its last digit changed to one that was not told."""
    for provenance, spec, arguments in walk(DESK, task):
        for name in spec.identity if spec.effect != "read" else ():
            if re.fullmatch(r"[A-Z]-\d+", arguments[name]):
                made_up = arguments | {name: f"{arguments[name]}9"}
                assert provenance.ungrounded(spec, made_up) == [name]


def test_the_finer_statement_spares_nearly_every_write_of_the_support_desk() -> None:
    """Of the writes after untrusted text, one takes a value from there: the highest credit, from the rules for it."""
    after_untrusted = [
        (spec.name, provenance.from_untrusted(spec, arguments))
        for task in DESK.tasks.values()
        for provenance, spec, arguments in walk(DESK, task)
        if spec.effect != "read" and provenance.tainted_by
    ]
    assert len(after_untrusted) >= 40
    assert [one for one in after_untrusted if one[1]] == [("issue_store_credit", ["amount_usd"])]


@pytest.mark.parametrize("injection", DESK.injections.values(), ids=DESK.injections)
def test_a_call_that_an_injection_of_the_support_desk_asks_for_is_from_untrusted(injection: Any) -> None:
    """In every task, when the agent obeys to the letter and looks nothing up in between."""
    for task in DESK.tasks.values():
        provenance = ToldProvenance(task.asked(DESK.policy), {})
        provenance.saw(DESK.tools["search_kb"].spec, {"documents": [{"text": injection.phrase}]})
        for call in injection.calls:
            assert provenance.from_untrusted(DESK.tools[call.tool].spec, call.args)
