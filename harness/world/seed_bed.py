"""What seedings may change in the world of a trial before it begins, and what they may know of its task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from harness.boundary import Catalogue, Principal
from harness.world.corpus import Document
from harness.world.world import Inject, World, no_vectors

MEMORY_DAYS = 365


class Soil(msgspec.Struct, frozen=True):
    """What the domain and the task of a trial offer to seedings.

    ``ask`` is what the user wants, ``phrases`` are the domain's poisoned sentences by the name of their injection,
    ``fitting`` names injections for who names none, the next one first. ``inject`` writes at one of ``vectors``.
    """

    ask: str = ""
    principal: Principal = Principal()
    phrases: Mapping[str, str] = {}
    fitting: tuple[str, ...] = ()
    inject: Inject = no_vectors
    vectors: Sequence[str] = ()


class SeedBed:
    """One world before time 0, for one seeding.

    ``catalogue`` holds the tools as the agent will see them, ``soil`` what is left for the next seeding: another
    injection, so that each is known by its own text.
    """

    def __init__(self, world: World, soil: Soil, catalogue: Catalogue) -> None:
        self.catalogue = dict(catalogue)
        self._injection_used: str | None = None
        self.soil = soil
        self._world = world

    @property
    def ask(self) -> str:
        """What the user asks for."""
        return self.soil.ask

    @property
    def vectors(self) -> Sequence[str]:
        """Where the domain says that strangers can write."""
        return self.soil.vectors

    @property
    def injection_used(self) -> str | None:
        """Which injection was asked for last."""
        return self._injection_used

    def phrase(self, injection: str | None = None) -> str | None:
        """Return the sentence of an injection, None: of the one that fits the task; raises KeyError."""
        if injection is None:
            if not self.soil.fitting:
                return None
            injection, *later = self.soil.fitting
            self.soil = msgspec.structs.replace(self.soil, fitting=(*later, injection))
        self._injection_used = injection
        return self.soil.phrases[injection]

    def pages(self, limit: int) -> list[tuple[str, str]]:
        """Return title and text of the documents that are found for the ask, best first."""
        return [(one.title, one.body) for one in self._world.corpus.search(self.soil.ask, limit)]

    def add_document(self, title: str, body: str) -> str:
        """Put one more document into the corpus and return its id."""
        corpus = self._world.corpus
        document = Document(f"planted-{len(corpus.documents) + 1}", title, body)
        self._world.corpus = corpus.with_document(document)
        return document.id

    def injection(self, vector: str, text: str) -> None:
        """Write ``text`` where the domain lets strangers write; raises KeyError for an unknown vector."""
        self.soil.inject(self._world.state, vector, text)

    def describe(self, tool: str | None, text: str) -> None:
        """Add ``text`` to the description of a tool, None: of the first; raises KeyError for an unknown one."""
        if tool is None and not self.catalogue:
            return
        spec = self.catalogue[next(iter(self.catalogue)) if tool is None else tool]
        description = f"{spec.description}\n{text}"
        self.catalogue[spec.name] = msgspec.structs.replace(spec, description=description)

    def remember(self, key: str, text: str) -> None:
        """Keep a memory of the user's, as if an earlier run had."""
        self._world.memories.keep(self.soil.principal, key, text, "durable", MEMORY_DAYS)
