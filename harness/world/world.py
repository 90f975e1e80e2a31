"""The simulated world of one trial: mutable state, documents, and the ledger of effects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from pydantic import ValidationError

from harness.boundary import Call, Delivery, Mint, Principal, Reply, ToolSpec, argument_problems, failed, succeeded
from harness.history import History, plain
from harness.simulation import draw
from harness.world.corpus import Corpus
from harness.world.ledger import Ledger
from harness.world.memory import Memories
from harness.world.tools import Tool, ToolError

Inject = Callable[[Any, str, str], None]
Authorize = Callable[[Any, ToolSpec, Mapping[str, Any], Principal], str | None]


def no_vectors(_state: Any, vector: str, _text: str) -> None:
    """Refuse every injection: the domain names no place where strangers can write."""
    msg = f"this domain has no injection vector {vector!r}"
    raise KeyError(msg)


class World:
    """What the tools of a trial act on.

    ``state`` is whatever the domain's tools understand, ``clock`` returns the present as epoch seconds. ``memories``
    are what agents have remembered, ``revoked`` which tools are closed to whom; they are no part of the state.
    """

    def __init__(
        self,
        state: Any,
        *,
        corpus: Corpus,
        history: History,
        clock: Callable[[], float],
    ) -> None:
        self.state = state
        self.corpus = corpus
        self.clock = clock
        self.ledger = Ledger(history)
        self.memories = Memories(history)
        self.revoked: set[tuple[str, Principal]] = set()

    def revocation(self, call: Call) -> str | None:
        """Say that the principal of a call has lost the right to its tool; None for who has not."""
        if (call.name, call.principal) not in self.revoked:
            return None
        return f"{call.principal.user} of {call.principal.tenant} may not use {call.name} any more"


class Access(msgspec.Struct, frozen=True):
    """Who may do what in a domain with rules: ``authorize`` says why not, or None, of an authentic principal."""

    mint: Mint
    authorize: Authorize


class ToolService:
    """Answers tool and retrieval calls: checks rights and arguments, honours idempotency keys, commits effects."""

    def __init__(self, world: World, tools: Mapping[str, Tool], seed: int, access: Access | None = None) -> None:
        self._world = world
        self._tools = tools
        self._seed = seed
        self._access = access

    def latency_s(self, delivery: Delivery) -> float:
        """Between half and one and a half times the declared latency, drawn by address."""
        tool = self._tools.get(delivery.call.name)
        mean_s = tool.spec.latency_s if tool else 0.05
        return mean_s * (0.5 + draw(self._seed, "latency", delivery.address))

    def answer(self, delivery: Delivery) -> Reply:
        """Apply the call to the world; anything but a ToolError out of a tool is a bug of the tool and is raised."""
        tool = self._tools.get(delivery.call.name)
        if tool is None:
            return failed(
                "not_found", f"there is no tool {delivery.call.name!r}; known: {', '.join(sorted(self._tools))}"
            )
        refusal = self._refusal(delivery.call)
        return failed("authorization", refusal) if refusal else self._admit(tool, delivery)

    def _refusal(self, call: Call) -> str | None:
        forged = self._access.mint.refusal(call, self._world.clock()) if self._access else None
        return forged or self._world.revocation(call)

    def _admit(self, tool: Tool, delivery: Delivery) -> Reply:
        try:
            # A tool gets a copy: what it keeps of its arguments, or changes in them, is not the record's.
            arguments = dict(tool.spec.parameters.model_validate(plain(delivery.call.arguments)))
        except ValidationError as error:
            return failed("validation", argument_problems(error))
        forbidden = self._forbidden(tool.spec, arguments, delivery.call.principal)
        if forbidden is not None:
            return failed("authorization", forbidden)
        return self._world.ledger.answer_again(delivery) or self._apply(tool, delivery, arguments)

    def _forbidden(self, spec: ToolSpec, arguments: dict[str, Any], principal: Principal) -> str | None:
        return self._access.authorize(self._world.state, spec, arguments, principal) if self._access else None

    def _apply(self, tool: Tool, delivery: Delivery, arguments: dict[str, Any]) -> Reply:
        try:
            value = plain(tool.function(self._world, **arguments))
        except ToolError as error:
            return failed(error.error_type, str(error))
        if tool.spec.effect != "read":
            self._world.ledger.commit(delivery, value, irreversible=tool.spec.effect == "irreversible")
        return succeeded(value)
