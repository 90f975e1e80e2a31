"""The keys of intended effects against a model of a few lines, in whatever order requests and acknowledgements come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from harness.boundary import ToolSpec
from harness.orchestrator.keys import IntentKeys
from harness.planners import ToolRequest
from tests.machines import finds, holds
from tests.orchestrator.test_control_parts import LOOK, PAY

things = st.sampled_from(["A", "B"])
intents = st.sampled_from(["goods", "freight", "tip", ""])
amounts = st.sampled_from([1.0, 2.0])

Effect = tuple[str, int]


class KeyMachine(RuleBasedStateMachine):
    """The model: the effects that are meant on each thing, by the words for them, and which of them took place."""

    make = IntentKeys

    def __init__(self) -> None:
        super().__init__()
        self.keys = self.make("run-1")
        self.now_s = 0.0
        self.meant: dict[tuple[str, str], int] = {}
        self.done: set[Effect] = set()
        self.names: dict[Effect, str] = {}
        self.first_s: dict[Effect, float] = {}

    @rule(thing=things, intent=intents, usd=amounts)
    def ask(self, thing: str, intent: str, usd: float) -> None:
        """Who names no intent means the same by the same arguments."""
        effect = self.effect_of(thing, intent or f"{usd} USD")
        key = self.key_of(thing, intent, usd)
        assert key is not None
        assert self.names.setdefault(effect, key) == key
        assert len(set(self.names.values())) == len(self.names), "two effects have one key"
        first_s = self.first_s.setdefault(effect, self.now_s)
        assert self.keys.age_s(key, self.now_s) == self.now_s - first_s

    def effect_of(self, thing: str, words: str) -> Effect:
        numbers = [number for (other, _), number in self.meant.items() if other == thing]
        last = max(numbers, default=1)
        return thing, self.meant.setdefault((thing, words), last + ((thing, last) in self.done))

    def key_of(self, thing: str, intent: str, usd: float) -> str | None:
        return self.keys.key(PAY, ToolRequest("pay", {"id": thing, "usd": usd}, intent), self.now_s)

    @rule(thing=things, intent=intents, usd=amounts)
    def acknowledge(self, thing: str, intent: str, usd: float) -> None:
        """An effect can be acknowledged late, when others were meant since."""
        number = self.meant.get((thing, intent or f"{usd} USD"))
        if number is not None:
            self.keys.applied(self.names[thing, number])
            self.done.add((thing, number))

    @rule(thing=things)
    def read(self, thing: str) -> None:
        assert self.keys.key(LOOK, ToolRequest("look", {"id": thing}), self.now_s) is None
        self.keys.applied(None)

    @rule()
    def wait(self) -> None:
        self.now_s += 1


class _Wide(IntentKeys):
    """Has one key for whatever is done with a tool."""

    def _thing(self, spec: ToolSpec, _arguments: Mapping[str, Any]) -> str:
        return f"{self._run_id}:{spec.name}"


class _Literal(IntentKeys):
    """Takes other arguments for another effect."""

    def _thing(self, spec: ToolSpec, arguments: Mapping[str, Any]) -> str:
        return f"{self._run_id}:{spec.name}:{sorted(arguments.items())}"


class _Once(IntentKeys):
    """Never closes an intent, so that the second effect is taken for the first."""

    def applied(self, key: str | None) -> None:
        pass


class _Fresh(IntentKeys):
    """Takes other words for another effect, also while nobody knows what became of the former one."""

    def key(self, spec: ToolSpec, request: ToolRequest, now_s: float) -> str | None:
        for thing, ordinals in self._ordinals.items():
            self._applied.update(f"{thing}:{ordinal}" for ordinal in ordinals.values())
        return super().key(spec, request, now_s)


class _Young(IntentKeys):
    """Forgets the age of a key when it is used again."""

    def key(self, spec: ToolSpec, request: ToolRequest, now_s: float) -> str | None:
        self._since_s.clear()
        return super().key(spec, request, now_s)


def test_the_keys_do_what_the_model_does() -> None:
    holds(KeyMachine)


@pytest.mark.parametrize("mutant", [_Wide, _Literal, _Once, _Fresh, _Young])
def test_the_machine_finds_wrong_keys(mutant: type[IntentKeys]) -> None:
    finds(KeyMachine, make=mutant)
