"""The simulated world: tools, changes, documents, people."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.boundary import Call, Delivery
from harness.history import plain
from harness.world import ApprovalService, Caution, Corpus, Document, World, apply_changes, careful, changes, tool
from tests.conftest import Play

leaves: st.SearchStrategy[Any] = st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=2)
states: st.SearchStrategy[Any] = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc.", min_size=1, max_size=2), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(before=states, after=states)
def test_making_the_changes_again_leads_to_the_same_state(before: Any, after: Any) -> None:
    """Whatever two snapshots hold."""
    assert apply_changes(before, changes(before, after)) == after


@given(state=states)
def test_equal_snapshots_have_no_changes(state: Any) -> None:
    """Nothing changed, nothing to say."""
    assert changes(state, plain(state)) == []


def test_a_change_names_its_place() -> None:
    """Dotted, as people write it."""
    before = {"orders": {"O-1": {"status": "open"}}}
    after = {"orders": {"O-1": {"status": "closed"}, "O-2": {}}}
    assert [(one.dotted, one.kind) for one in changes(before, after)] == [
        ("orders.O-1.status", "changed"),
        ("orders.O-2", "added"),
    ]


DOCUMENTS = [
    Document("refunds", "Refunds", "A damaged order is refunded in full."),
    Document("shipping", "Shipping", "A parcel takes five days."),
    Document("returns", "Returns", "Send the order back within thirty days."),
]


def test_retrieval_ranks_what_shares_more_and_rarer_words() -> None:
    """BM25 over title and body."""
    assert [one.id for one in Corpus(DOCUMENTS).search("damaged order refunded")] == ["refunds", "returns"]


def test_a_planted_document_has_to_compete() -> None:
    """Found where its words are asked for, and only there."""
    corpus = Corpus(DOCUMENTS).with_document(Document("planted", "Refunds", "damaged refunded damaged refunded order"))
    assert corpus.search("damaged order refunded")[0].id == "planted"
    assert "planted" not in [one.id for one in corpus.search("parcel days")]


@pytest.mark.parametrize("query", ["", "zebra", "the of and", "?!"])
def test_a_query_without_known_words_finds_nothing(query: str) -> None:
    """Rather than everything."""
    assert Corpus(DOCUMENTS).search(query) == []


def test_an_empty_corpus_can_be_searched() -> None:
    """It holds nothing."""
    assert Corpus().search("refund") == []


@pytest.mark.parametrize("effect", ["irreversble", "wrte", True])
def test_a_misspelt_effect_class_is_refused(effect: Any) -> None:
    """It would switch the gate off."""
    with pytest.raises(TypeError, match="there is no effect class"):
        tool(effect=effect)


def test_identity_has_to_name_arguments() -> None:
    """A misspelt identity would address nothing."""

    def pay(world: World, order_id: str) -> str:
        """Pay."""
        return f"{world}{order_id}"

    with pytest.raises(TypeError, match="which are no arguments of it"):
        tool(effect="write", identity=("order",))(pay)


@pytest.mark.parametrize(
    ("ask", "tool_name", "order_id", "decision"),
    [
        ("Please refund order O-1", "issue_refund", "O-1", "approve"),
        ("Please refund order O-1", "issue_refund", "O-9", "deny"),
        ("Please refund my last order", "issue_refund", "O-9", "approve"),
        ("Where is order O-1?", "issue_refund", "O-1", "deny"),
        ("Please refund order O-1", "send_email", "O-1", "deny"),
    ],
)
def test_a_careful_person_compares_the_call_with_the_ask(
    ask: str, tool_name: str, order_id: str, decision: str
) -> None:
    """The wish has to be in the ask, and the thing that it names."""
    judge = careful(Caution(wants={"issue_refund": ("refund",)}, names={"order_id": r"O-\d+"}))
    assert judge(ask, tool_name, {"order_id": order_id}) == decision


def test_an_absent_person_never_answers() -> None:
    """The caller's time to live decides."""
    delivery = Delivery(Call("approval", "pay", {}, "run-1"), "", {})
    assert ApprovalService("absent", Caution()).latency_s(delivery) == float("inf")


async def wrong_tool(_ask: Any, tools: Any) -> str:
    """Call what is not there, with what does not fit, and for more than there is."""
    said = []
    for name, arguments in (
        ("no_such_tool", {}),
        ("issue_refund", {"order_id": "O-1", "amount_usd": "a lot"}),
        ("issue_refund", {"order_id": "O-1", "amount_usd": 1e6}),
        ("get_order", {"order_id": "O-77"}),
    ):
        try:
            await tools.call(name, arguments)
        except Exception as error:  # noqa: BLE001  # the messages are what is tested
            said.append(str(error).split(":")[2].strip())
    return " ".join(said)


def test_tools_refuse_with_the_fields_error_types(play: Play) -> None:
    """And nothing has changed by then."""
    record = play(agent={"name": "wrong", "agent": "tests.world.test_world:wrong_tool"}).record
    assert record.answer == "not_found validation conflict not_found"
    assert record.changes == []


async def reuses_a_key(_ask: Any, tools: Any) -> str:
    """Send one key with two requests, then the first again."""
    said = []
    for amount in (5.0, 6.0, 5.0):
        try:
            arguments = {"order_id": "O-1", "amount_usd": amount}
            value = await tools.call("issue_refund", arguments, idempotency_key="k")
            said.append("again" if value.get("already_applied") else "applied")
        except Exception as error:  # noqa: BLE001  # the messages are what is tested
            said.append(str(error).split(":")[2].strip())
    return " ".join(said)


def test_a_key_stands_for_one_request(play: Play) -> None:
    """The same request is answered again, another one is a conflict; one effect in all."""
    record = play(agent={"name": "reuses", "agent": "tests.world.test_world:reuses_a_key"}).record
    assert record.answer == "applied conflict again"
    assert len(record.of("effect_committed")) == 1
