"""The key store: a key stands for one request of one principal to one tool, for a while."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.boundary import Call, Delivery, Principal
from harness.history import History
from harness.world import Ledger
from harness.world.ledger import KEY_TTL_S
from tests.world.conftest import Hand, PlayScript

PAY = {"account": "A-1", "to": "A-2", "amount_usd": 1.0}
keys = st.text("ab", max_size=2)


class Store:
    """A ledger on a clock that a test sets."""

    def __init__(self, key_ttl_s: float = KEY_TTL_S) -> None:
        self.now_s = 0.0
        self.history = History(lambda: self.now_s)
        self.ledger = Ledger(self.history, key_ttl_s)

    def knows(self, key: str | None, tool: str = "pay", user: str = "ann") -> bool:
        """Whether a call would be answered from memory."""
        return self.ledger.answer_again(self._delivery(key, tool, user)) is not None

    def pay(self, key: str | None, tool: str = "pay", user: str = "ann") -> None:
        """Commit an effect."""
        self.ledger.commit(self._delivery(key, tool, user), {"paid": 1}, irreversible=True)

    def _delivery(self, key: str | None, tool: str, user: str) -> Delivery:
        return Delivery(Call("tool", tool, {}, "run-1", Principal(user), idempotency_key=key), "address", {})


@given(ttl_s=st.floats(0, 1e6), later_s=st.floats(0, 1e6))
def test_a_key_is_honoured_up_to_its_time_to_live_and_not_after(ttl_s: float, later_s: float) -> None:
    store = Store(ttl_s)
    store.pay("k")
    store.now_s = later_s
    assert store.knows("k") == (later_s <= ttl_s)


@given(later_s=st.floats(0.001, 1.0))
def test_a_repeat_does_not_prolong_a_key(later_s: float) -> None:
    store = Store(1.0)
    store.pay("k")
    store.now_s = later_s
    store.knows("k")
    store.now_s = 1.0 + later_s
    assert not store.knows("k")


@given(used=st.tuples(keys, keys, keys), asked=st.tuples(keys, keys, keys))
def test_a_key_is_known_to_its_tool_and_its_principal_alone(
    used: tuple[str, str, str], asked: tuple[str, str, str]
) -> None:
    store = Store()
    store.pay(*used)
    assert store.knows(*asked) == (used == asked)


def test_no_key_is_like_no_key() -> None:
    store = Store()
    store.pay(None)
    store.pay("")
    assert not store.knows(None)


def test_a_tool_that_forgets_its_keys_leaves_those_of_others_alone() -> None:
    store = Store()
    store.pay("k")
    store.pay("k", "refund")
    store.ledger.forget_keys("pay")
    assert (store.knows("k"), store.knows("k", "refund")) == (False, True)


def test_a_tool_can_forget_one_key_alone() -> None:
    store = Store()
    for key in ("a", "b"):
        store.pay(key)
        store.pay(key, "refund")
    store.ledger.forget_keys("pay", "a")
    assert [store.knows(key, tool) for tool in ("pay", "refund") for key in ("a", "b")] == [False, True, True, True]


def test_an_expired_key_is_as_if_never_seen_whatever_the_arguments(bank: PlayScript) -> None:
    async def script(hand: Hand) -> None:
        assert (await hand.send("transfer", PAY, idempotency_key="k")).ok
        other = PAY | {"amount_usd": 2.0}
        assert (await hand.send("transfer", other, idempotency_key="k")).error_type == "conflict"
        await hand.session.clock.sleep(KEY_TTL_S)
        assert (await hand.send("transfer", other, idempotency_key="k")).value == {"left_usd": 97.0}

    assert len(bank(script).of("effect_committed")) == 2


async def look_up(hand: Hand, tool: str, **arguments: Any) -> Any:
    """Ask the key store."""
    return await hand.send(tool, arguments, port="store", credential=None)


def test_a_look_up_says_whether_a_call_was_applied_and_what_was_answered(bank: PlayScript) -> None:
    async def script(hand: Hand) -> None:
        before = await look_up(hand, "transfer", idempotency_key="k")
        await hand.send("transfer", PAY, idempotency_key="k")
        after = await look_up(hand, "transfer", idempotency_key="k")
        assert before.value == {"applied": False, "value": None}
        assert after.value == {"applied": True, "arguments": PAY, "value": {"left_usd": 99.0}}

    record = bank(script)
    assert {event.address for event in record.of("tool_call_started") if event.port == "store"} == {
        "run-1/store:transfer#1",
        "run-1/store:transfer#2",
    }


def test_a_look_up_finds_no_key_of_another_principal(bank: PlayScript) -> None:
    async def script(hand: Hand) -> None:
        await hand.send("transfer", PAY, idempotency_key="k")
        reply = await hand.send("transfer", {"idempotency_key": "k"}, port="store", principal=Principal("bob", "north"))
        assert not reply.value["applied"]

    bank(script)


@pytest.mark.parametrize(
    ("tool", "arguments", "error_type"),
    [("nobody", {"idempotency_key": "k"}, "not_found"), ("transfer", {"key": "k"}, "validation")],
)
def test_a_look_up_that_asks_for_nothing_is_refused(
    bank: PlayScript, tool: str, arguments: dict[str, Any], error_type: str
) -> None:
    async def script(hand: Hand) -> None:
        assert (await look_up(hand, tool, **arguments)).error_type == error_type

    bank(script)
