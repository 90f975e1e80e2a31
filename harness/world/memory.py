"""What agents remember between runs: every memory has an owner and an end, and can be listed and deleted.

The owner is whoever the call is made for; no argument says so. Memories lie outside of the world's state.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harness.boundary import (
    Call,
    Catalogue,
    Delivery,
    Principal,
    Reply,
    ToolSpec,
    argument_problems,
    failed,
    succeeded,
)
from harness.history import History
from harness.simulation import draw
from harness.world.ledger import Ledger
from harness.world.tools import ToolError

DAY_S = 86_400.0
SESSION_DAYS_MAX = 1
MEAN_LATENCY_S = 0.1

Key = Annotated[str, Field(min_length=1, max_length=100)]
Kind = Literal["session", "durable"]


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Remember(_Arguments):
    """The arguments of ``remember``."""

    key: Key
    text: Annotated[str, Field(min_length=1, max_length=2_000)]
    kind: Kind
    retention_days: Annotated[int, Field(ge=1, le=365)]


class Recall(_Arguments):
    """The arguments of ``recall``."""

    query: Annotated[str, Field(min_length=1, max_length=500)]
    limit: Annotated[int, Field(ge=1, le=20)] = 5


class ListMemories(_Arguments):
    """The arguments of ``list_memories``: none."""


class Forget(_Arguments):
    """The arguments of ``forget``."""

    key: Key


MEMORY_TOOLS: Mapping[str, ToolSpec] = {
    spec.name: spec
    for spec in (
        ToolSpec(
            name="remember",
            description="Keep a text under a key, in place of what it held: durably, or for a session (a day at most).",
            parameters=Remember,
            effect="write",
            identity=("key",),
            port="memory",
            latency_s=MEAN_LATENCY_S,
        ),
        ToolSpec(
            name="recall",
            description="Find the memories that share words with a query, best first.",
            parameters=Recall,
            port="memory",
            untrusted=True,
            latency_s=MEAN_LATENCY_S,
        ),
        ToolSpec(
            name="list_memories",
            description="List everything that is remembered, each with the days that are left of it.",
            parameters=ListMemories,
            port="memory",
            untrusted=True,
            latency_s=MEAN_LATENCY_S,
        ),
        ToolSpec(
            name="forget",
            description="Delete what is remembered under a key.",
            parameters=Forget,
            effect="write",
            identity=("key",),
            port="memory",
            latency_s=MEAN_LATENCY_S,
        ),
    )
}


class Memory(msgspec.Struct, frozen=True):
    """One remembered text; ``expires_s`` is on the trial's clock."""

    key: str
    text: str
    kind: Kind
    expires_s: float


class Memories:
    """All memories of one trial, by owner; they outlive the runs that wrote them, up to the end of their retention."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._owned: dict[Principal, dict[str, Memory]] = {}

    def of(self, owner: Principal) -> list[Memory]:
        """Return what is left of an owner's memories, in the order in which their keys were first used."""
        return [one for one in self._owned.get(owner, {}).values() if self._history.now() < one.expires_s]

    def keep(self, owner: Principal, key: str, text: str, kind: Kind, retention_days: int) -> None:
        """Remember a text, in place of what the key held."""
        days = min(retention_days, SESSION_DAYS_MAX) if kind == "session" else retention_days
        memory = Memory(key, text, kind, self._history.now() + days * DAY_S)
        self._owned.setdefault(owner, {})[key] = memory

    def drop(self, owner: Principal, key: str) -> bool:
        """Delete what a key holds; False where that is nothing."""
        known = any(one.key == key for one in self.of(owner))
        self._owned.get(owner, {}).pop(key, None)
        return known

    def search(self, owner: Principal, query: str, limit: int) -> list[Memory]:
        """Return the owner's memories that share a word with ``query``, best first; a rare word counts for more."""
        words = {one: _words(f"{one.key} {one.text}") for one in self.of(owner)}
        holders = Counter(word for some in words.values() for word in some)
        # Sorted, because a sum of fractions depends on its order.
        scores = {
            one: sum(1 / holders[word] for word in sorted(some & _words(query)))
            for one, some in words.items()
            if not some.isdisjoint(_words(query))
        }
        return sorted(scores, key=lambda one: -scores[one])[:limit]

    def shown(self, memory: Memory) -> dict[str, Any]:
        """Return a memory as agents see it."""
        days_left = round((memory.expires_s - self._history.now()) / DAY_S, 3)
        return {"key": memory.key, "text": memory.text, "kind": memory.kind, "days_left": days_left}


def _words(text: str) -> set[str]:
    return set(re.findall(r"[^\W_]+", text.lower()))


class MemoryService:
    """Answers memory calls, each for the memories of its own principal."""

    def __init__(
        self,
        memories: Memories,
        ledger: Ledger,
        in_reach: Catalogue,
        seed: int,
        refusal: Callable[[Call], str | None],
    ) -> None:
        """``refusal`` says why a call has no right to anything."""
        self._memories = memories
        self._ledger = ledger
        self._tools = {name: spec for name, spec in in_reach.items() if spec.port == "memory"}
        self._seed = seed
        self._refusal = refusal
        self._actions: Mapping[str, Callable[[Principal, Any], Any]] = {
            "remember": self._remember,
            "recall": self._recall,
            "list_memories": self._list,
            "forget": self._forget,
        }

    def latency_s(self, delivery: Delivery) -> float:
        """Between half and one and a half times the mean, drawn by address."""
        return MEAN_LATENCY_S * (0.5 + draw(self._seed, "latency", delivery.address))

    def answer(self, delivery: Delivery) -> Reply:
        """Carry out one action on the memories of the call's principal."""
        call = delivery.call
        spec = self._tools.get(call.name)
        if spec is None:
            known = ", ".join(sorted(self._tools)) or "none"
            return failed("not_found", f"there is no memory tool {call.name!r}; known: {known}")
        refusal = self._refusal(call)
        if refusal is not None:
            return failed("authorization", refusal)
        try:
            arguments = spec.parameters.model_validate(call.arguments)
        except ValidationError as error:
            return failed("validation", argument_problems(error))
        return self._ledger.answer_again(delivery) or self._act(spec, delivery, arguments)

    def _act(self, spec: ToolSpec, delivery: Delivery, arguments: BaseModel) -> Reply:
        try:
            value = self._actions[spec.name](delivery.call.principal, arguments)
        except ToolError as error:
            return failed(error.error_type, str(error))
        if spec.effect != "read":
            self._ledger.commit(delivery, value, irreversible=False)
        return succeeded(value)

    def _remember(self, owner: Principal, told: Remember) -> Any:
        self._memories.keep(owner, told.key, told.text, told.kind, told.retention_days)
        return {"key": told.key}

    def _recall(self, owner: Principal, asked: Recall) -> Any:
        found = self._memories.search(owner, asked.query, asked.limit)
        return {"memories": [self._memories.shown(one) for one in found]}

    def _list(self, owner: Principal, _asked: ListMemories) -> Any:
        return {"memories": [self._memories.shown(one) for one in self._memories.of(owner)]}

    def _forget(self, owner: Principal, told: Forget) -> Any:
        if not self._memories.drop(owner, told.key):
            raise ToolError("not_found", f"nothing is remembered under {told.key!r}")
        return {"key": told.key}
