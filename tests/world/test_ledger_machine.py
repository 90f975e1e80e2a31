"""The ledger and its key store against a model of a few lines, in whatever order calls, losses and time come."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from harness.boundary import Call, Delivery, Principal, Reply
from harness.history import History
from harness.world import Corpus, Ledger, StoreService, ToolService, World, tool
from harness.world.ledger import Answer
from tests.machines import finds, holds

TTL_S = 10.0


@tool(effect="write")
def pay(world: World, amount: int) -> dict[str, Any]:
    """Pay."""
    world.state["paid"] += amount
    return {"paid": world.state["paid"]}


@tool(effect="irreversible")
def mail(world: World, amount: int) -> int:
    """Send some letters."""
    world.state["letters"] += amount
    return int(world.state["letters"])


TOOLS = {one.spec.name: one for one in (pay, mail)}
SUMS = {"pay": "paid", "mail": "letters"}

tools = st.sampled_from(sorted(TOOLS))
users = st.sampled_from(["ann", "bob"])
keys = st.sampled_from([None, "k", "l"])
amounts = st.integers(1, 2)


class LedgerMachine(RuleBasedStateMachine):
    """The model: what each key stands for until when, and which effects there were."""

    make = Ledger

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0
        self.history = History(lambda: self.now_s)
        state = {"paid": 0, "letters": 0}
        self.world = World(state, corpus=Corpus(), history=self.history, clock=lambda: self.now_s)
        self.world.ledger = self.make(self.history, TTL_S)
        self.service = ToolService(self.world, TOOLS, seed=0)
        self.store = StoreService(self.world.ledger, {name: one.spec for name, one in TOOLS.items()}, seed=0)
        self.known: dict[tuple[str, str, str], tuple[int, Any, float]] = {}
        self.effects: list[tuple[str, str, str | None, int]] = []
        self.repeats = 0
        self.incomplete: set[str] = set()

    def meant(self, name: str, user: str, key: str | None) -> tuple[int, Any] | None:
        """Return amount and answer that a key stands for now."""
        amount, value, until_s = self.known.get((name, user, key or ""), (0, None, -1.0))
        return (amount, value) if until_s >= self.now_s else None

    @rule(name=tools, user=users, key=keys, amount=amounts)
    def send(self, name: str, user: str, key: str | None, amount: int) -> None:
        before = self.meant(name, user, key)
        reply = self.deliver(self.service, name, user, {"amount": amount}, idempotency_key=key)
        if before is None:
            assert reply.ok
            assert "already_applied" not in str(reply.value)
            self.effects.append((name, user, key, amount))
            if key is not None:
                self.known[name, user, key] = (amount, reply.value, self.now_s + TTL_S)
        elif before[0] == amount:
            assert reply.ok
            again = {**before[1], "already_applied": True} if isinstance(before[1], dict) else before[1]
            assert reply.value == again
            self.repeats += 1
        else:
            assert reply.error_type == "conflict"

    @rule(name=tools, user=users, key=st.sampled_from(["k", "l"]))
    def look_up(self, name: str, user: str, key: str) -> None:
        reply = self.deliver(self.store, name, user, {"idempotency_key": key})
        known = self.meant(name, user, key)
        honest = {"complete": False} if known is None and name in self.incomplete else {}
        sent = {} if known is None else {"arguments": {"amount": known[0]}}
        assert reply.value == {"applied": known is not None, "value": known[1] if known else None, **sent, **honest}

    @rule(name=tools, key=keys)
    def forget(self, name: str, key: str | None) -> None:
        self.world.ledger.forget_keys(name, key)
        self.incomplete |= {name} if key is None else set()
        for known in [one for one in self.known if one[0] == name and key in (None, one[2])]:
            del self.known[known]

    @rule(seconds=st.integers(1, 11))
    def wait(self, seconds: int) -> None:
        self.now_s += seconds

    @invariant()
    def every_effect_is_in_the_books_once(self) -> None:
        effects = self.world.ledger.effects
        assert [(one.tool, one.idempotency_key, one.arguments["amount"]) for one in effects] == [
            (name, key, amount) for name, _, key, amount in self.effects
        ]
        for name, total in SUMS.items():
            assert self.world.state[total] == sum(amount for one, _, _, amount in self.effects if one == name)

    @invariant()
    def the_history_tells_the_same(self) -> None:
        told = [event.kind for event in self.history.events]
        assert told.count("effect_committed") == len(self.effects)
        assert told.count("effect_deduplicated") == self.repeats

    def deliver(self, service: Any, name: str, user: str, arguments: dict[str, Any], **fields: Any) -> Reply:
        call = Call("tool", name, arguments, "run-1", Principal(user), **fields)
        reply = service.answer(Delivery(call, f"run-1/tool:{name}#1", {}))
        assert isinstance(reply, Reply)
        return reply


class _Immortal(Ledger):
    """Honours a key for ever."""

    def _remember(self, call: Call, value: Any) -> None:
        self._key_ttl_s = float("inf")
        super()._remember(call, value)


class _Prolonging(Ledger):
    """Honours a key anew from each repeat on."""

    def answer_again(self, delivery: Delivery) -> Reply | None:
        call = delivery.call
        known = self.answer_of(call.name, call.principal, call.idempotency_key)
        if known is not None:
            self._remember(call, known.value)
        return super().answer_again(delivery)


class _Shared(Ledger):
    """Takes equal keys of two people for one."""

    def answer_of(self, tool: str, _principal: Principal, key: str | None) -> Answer | None:
        return super().answer_of(tool, Principal(), key)

    def _remember(self, call: Call, value: Any) -> None:
        super()._remember(msgspec.structs.replace(call, principal=Principal()), value)


class _Careless(Ledger):
    """Does not look at the arguments of a repeat."""

    def answer_of(self, tool: str, principal: Principal, key: str | None) -> Answer | None:
        known = super().answer_of(tool, principal, key)
        return known and msgspec.structs.replace(known, arguments={"amount": 1})


class _Forgetful(Ledger):
    """Loses the keys of all tools with those of one."""

    def forget_keys(self, tool: str, key: str | None = None) -> None:
        super().forget_keys(tool, key)
        self._answers.clear()


class _Eager(Ledger):
    """Does it again, and then says that it was done before."""

    def answer_again(self, delivery: Delivery) -> Reply | None:
        reply = super().answer_again(delivery)
        if reply is not None and reply.ok:
            self.commit(delivery, reply.value, irreversible=False)
        return reply


class _Keyless(Ledger):
    """Takes no key for a key."""

    def _remember(self, call: Call, value: Any) -> None:
        super()._remember(msgspec.structs.replace(call, idempotency_key=call.idempotency_key or ""), value)

    def answer_of(self, tool: str, principal: Principal, key: str | None) -> Answer | None:
        return super().answer_of(tool, principal, key or "")


def test_the_ledger_does_what_the_model_does() -> None:
    holds(LedgerMachine)


@pytest.mark.parametrize("mutant", [_Immortal, _Prolonging, _Shared, _Careless, _Forgetful, _Eager, _Keyless])
def test_the_machine_finds_a_wrong_ledger(mutant: type[Ledger]) -> None:
    finds(LedgerMachine, make=mutant)
