"""The simulated world of one trial: mutable state, documents, and the ledger of effects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from pydantic import ValidationError

from harness.boundary import Delivery, Mint, Principal, Reply, ToolSpec, argument_problems, failed, succeeded
from harness.history import History, plain
from harness.simulation import draw
from harness.world.corpus import Corpus, Document
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
    are what agents have remembered; they are no part of the state.
    """

    def __init__(
        self,
        state: Any,
        *,
        corpus: Corpus,
        history: History,
        clock: Callable[[], float],
        inject: Inject = no_vectors,
        phrases: Mapping[str, str] | None = None,
    ) -> None:
        self.state = state
        self.corpus = corpus
        self.clock = clock
        self.ledger = Ledger(history)
        self.memories = Memories(history)
        self._inject = inject
        self._phrases = phrases or {}

    def phrase(self, injection: str) -> str:
        """Return the sentence of one of the domain's injections; raises KeyError for an unknown one."""
        return self._phrases[injection]

    def add_document(self, title: str, body: str) -> str:
        """Put one more document into the corpus and return its id."""
        document = Document(f"planted-{len(self.corpus.documents) + 1}", title, body)
        self.corpus = self.corpus.with_document(document)
        return document.id

    def injection(self, vector: str, text: str) -> None:
        """Write ``text`` where the domain lets strangers write; raises KeyError for an unknown vector."""
        self._inject(self.state, vector, text)


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
        forged = self._access.mint.refusal(delivery.call, self._world.clock()) if self._access else None
        return failed("authorization", forged) if forged else self._admit(tool, delivery)

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
