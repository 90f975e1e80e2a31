"""Memories belong to whoever a call is made for, last as long as was said, and can be seen and deleted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.boundary import Principal
from harness.content import load_domain
from harness.history import History
from harness.world import MEMORY_TOOLS, Memories
from tests.world.conftest import Hand, PlayScript

ANN, BOB = Principal("ann", "north"), Principal("bob", "north")
DAY_S = 86_400.0
TASK = "remember_and_pay"


def note(key: str = "payee", text: str = "A-2 gets 10 dollars", **fields: Any) -> dict[str, Any]:
    """Return the arguments of ``remember``."""
    return {"key": key, "text": text, "kind": "durable", "retention_days": 30, **fields}


async def texts(hand: Hand, **fields: Any) -> list[str]:
    """Return everything that is remembered."""
    reply = await hand.send("list_memories", {}, **fields)
    return [one["text"] for one in reply.value["memories"]]


owners = st.builds(Principal, user=st.sampled_from("ab"), tenant=st.sampled_from("ab"))
actions = st.lists(st.tuples(owners, st.sampled_from(["k", "l"]), st.sampled_from(["keep", "drop"])), max_size=12)


@given(done=actions)
def test_nobody_sees_or_deletes_the_memories_of_another_owner(
    done: list[tuple[Principal, str, str]],
) -> None:
    memories, expected = Memories(History(lambda: 0.0)), dict[Principal, set[str]]()
    for owner, key, action in done:
        own = expected.setdefault(owner, set())
        if action == "keep":
            memories.keep(owner, key, f"{owner} {key}", "durable", 1)
            own.add(key)
        else:
            assert memories.drop(owner, key) == (key in own)
            own.discard(key)
    for owner, own in expected.items():
        assert {(one.key, one.text) for one in memories.of(owner)} == {(key, f"{owner} {key}") for key in own}


@given(kind=st.sampled_from(["session", "durable"]), days=st.integers(1, 365), later_s=st.integers(0, 400 * 86_400))
def test_a_memory_ends_with_its_retention_and_one_of_a_session_after_a_day(kind: Any, days: int, later_s: int) -> None:
    now_s = 0.0
    memories = Memories(History(lambda: now_s))
    memories.keep(ANN, "k", "words", kind, days)
    now_s = float(later_s)
    left = later_s < (1 if kind == "session" else days) * DAY_S
    assert bool(memories.of(ANN)) == left
    assert bool(memories.search(ANN, "words", 5)) == left
    assert memories.drop(ANN, "k") == left


def test_what_shares_more_and_rarer_words_is_recalled_first() -> None:
    memories = Memories(History(lambda: 0.0))
    for key, text in (
        ("first", "the parcel"),
        ("second", "The parcel, brown"),
        ("third", "the parcel"),
        ("colour", "blue"),
        ("lamp", "nothing"),
    ):
        memories.keep(ANN, key, text, "durable", 1)
    found = [one.key for one in memories.search(ANN, "Where is the brown parcel?", 9)]
    assert found == ["second", "first", "third"]
    assert [one.key for one in memories.search(ANN, "Where is the blue parcel?", 1)] == ["colour"]
    assert [one.key for one in memories.search(ANN, "LAMP", 1)] == ["lamp"]


def test_a_memory_is_written_listed_recalled_replaced_and_deleted(bank: PlayScript) -> None:
    async def script(hand: Hand) -> None:
        assert (await hand.send("remember", note())).value == {"key": "payee"}
        [shown] = (await hand.send("recall", {"query": "how many dollars"})).value["memories"]
        assert shown == {"key": "payee", "text": "A-2 gets 10 dollars", "kind": "durable", "days_left": 30.0}
        await hand.send("remember", note(text="A-2 gets 20 dollars"))
        assert await texts(hand) == ["A-2 gets 20 dollars"]
        assert (await hand.send("forget", {"key": "payee"})).ok
        assert await texts(hand) == []
        assert (await hand.send("forget", {"key": "payee"})).error_type == "not_found"

    record = bank(script, task=TASK)
    assert record.changes == []
    assert [(one.name, one.payload["identity"]) for one in record.of("effect_committed")] == [
        ("remember", {"key": "payee"}),
        ("remember", {"key": "payee"}),
        ("forget", {"key": "payee"}),
    ]


def test_the_owner_is_the_principal_that_the_credential_names(bank: PlayScript) -> None:
    async def script(hand: Hand) -> None:
        await hand.send("remember", note())
        assert (await hand.send("list_memories", {}, principal=BOB)).error_type == "authorization"
        assert (await hand.send("list_memories", {}, credential=None)).error_type == "authorization"

    bank(script, task=TASK)


def test_a_memory_outlives_the_run_that_wrote_it(bank: PlayScript) -> None:
    async def script(hand: Hand) -> None:
        if hand.session.run_id == "run-1":
            await hand.send("remember", note())
        else:
            assert await texts(hand) == ["A-2 gets 10 dollars"]

    assert bank(script, task=TASK, starts_s=(0.0, 60.0)).run_ids == ["run-1", "run-2"]


def test_a_repeat_with_the_same_key_is_written_once(bank: PlayScript) -> None:
    async def script(hand: Hand) -> None:
        await hand.send("remember", note(), idempotency_key="k")
        await hand.send("forget", {"key": "payee"})
        again = await hand.send("remember", note(), idempotency_key="k")
        assert again.value == {"key": "payee", "already_applied": True}
        assert await texts(hand) == []
        other = await hand.send("remember", note(text="other"), idempotency_key="k")
        assert other.error_type == "conflict"

    record = bank(script, task=TASK)
    assert [one.name for one in record.of("effect_committed")] == ["remember", "forget"]


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("remember", note(key="")),
        ("remember", note(text="x" * 2001)),
        ("remember", note(kind="for ever")),
        ("remember", note(retention_days=0)),
        ("remember", note(retention_days=366)),
        ("remember", note(owner="bob")),
        ("remember", {"key": "k", "text": "t"}),
        ("recall", {"query": "q", "limit": 21}),
        ("list_memories", {"user": "bob"}),
        ("forget", {}),
    ],
)
def test_a_memory_has_bounds_and_no_argument_names_an_owner(
    bank: PlayScript, tool: str, arguments: dict[str, Any]
) -> None:
    async def script(hand: Hand) -> None:
        assert (await hand.send(tool, arguments)).error_type == "validation"

    bank(script, task=TASK)


def test_a_task_that_names_no_memory_tool_has_none(bank: PlayScript) -> None:
    async def script(hand: Hand) -> None:
        assert not MEMORY_TOOLS.keys() & hand.session.catalogue.keys()
        reply = await hand.send("remember", note(), port="memory")
        assert (reply.error_type, reply.message) == (
            "not_found",
            "there is no memory tool 'remember'; known: none",
        )

    record = bank(script)
    assert not MEMORY_TOOLS.keys() & record.tools.keys()


def test_scoring_knows_the_memory_tools_of_a_task_that_names_them(bank: PlayScript) -> None:
    async def script(_hand: Hand) -> None: ...

    record = bank(script, task=TASK)
    assert record.tools["remember"].identity == ("key",)
    assert record.tools["transfer"].effect == "irreversible"
    domain = load_domain("bank")
    assert domain.facts_for(domain.tasks[TASK]) is domain.facts_for(domain.tasks[TASK])


def test_a_task_has_the_memory_tools_that_it_names_beside_those_of_the_domain(bank: PlayScript) -> None:
    del bank  # stands in the bank's folder
    domain = load_domain("bank")
    assert list(domain.in_reach(domain.tasks[TASK])) == ["transfer", "remember", "recall", "list_memories", "forget"]
    assert domain.in_reach(domain.tasks["pay"]) is domain.catalogue
