"""A golden domain: tools, a world, documents, people, injections and tasks, as one immutable value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from msgspec import Raw, ValidationError, json

from harness.boundary import Catalogue, Principal, ToolFacts, facts_of
from harness.content.tasks import Ask, Injection, Task
from harness.history import canonical_json, plain
from harness.world import MEMORY_TOOLS, Authorize, Caution, Corpus, Inject, Soil, Tool, no_vectors

_TABLES = json.Decoder(dict[str, Raw])

Oracles = Callable[[Task, Injection | None, "Ending"], dict[str, bool]]


@dataclass(frozen=True)
class Ending:
    """What an oracle may look at: the states that the domain keeps for it, the answer, and the calls that worked."""

    before: Any
    after: Any
    answer: str
    calls: tuple[tuple[str, dict[str, Any]], ...]


def _tables(world: bytes) -> dict[str, Raw] | None:
    """Return the texts of the tables of a world by name; None of a world that is no object."""
    try:
        return _TABLES.decode(world)
    except ValidationError:
        return None


def no_oracles(_task: Task, _injection: Injection | None, _ending: Ending) -> dict[str, bool]:
    """Judge nothing: the task's own expectations are enough."""
    return {}


def snapshot_is_enough(_state: Any) -> None:
    """Keep nothing for oracles."""


@dataclass(frozen=True)
class Domain:
    """Everything that the tasks of one domain share; immutable, so that one process loads it once.

    ``files`` are the digests of its files by their paths. ``vectors`` are the places at which ``inject`` can write.
    Where ``authorize`` is given, every tool call needs a credential, and may be refused to its principal.
    """

    name: str
    tools: Mapping[str, Tool]
    fresh_state: Callable[[], Any]
    tasks: Mapping[str, Task]
    files: Mapping[str, str]
    corpus: Corpus = field(default_factory=Corpus)
    policy: str = ""
    injections: Mapping[str, Injection] = field(default_factory=dict)
    caution: Caution = field(default_factory=Caution)
    inject: Inject = no_vectors
    vectors: tuple[str, ...] = ()
    authorize: Authorize | None = None
    as_json: Callable[[Any], bytes] = canonical_json
    oracles: Oracles = no_oracles
    # Foreign checkers want the objects themselves; not every environment can be rebuilt from its snapshot.
    keep: Callable[[Any], Any] = snapshot_is_enough

    @cached_property
    def catalogue(self) -> Catalogue:
        """The declarations of the tools by name."""
        return {name: one.spec for name, one in self.tools.items()}

    @cached_property
    def facts(self) -> Mapping[str, ToolFacts]:
        """What scoring needs to know of the tools."""
        return facts_of(self.catalogue)

    @cached_property
    def initial(self) -> Any:
        """A snapshot of the world before anything happened; not to be changed."""
        return plain(Raw(self.as_json(self.fresh_state())))

    def snapshot(self, state: Any) -> Any:
        """Return a world as plain data, not to be changed: tables that are as they were before are the same ones."""
        return self.read(self.as_json(state))

    def read(self, world: bytes) -> Any:
        """Return the world that ``as_json`` has written, as :meth:`snapshot` does."""
        tables = _tables(world)
        if tables is None:
            return plain(Raw(world))
        return {
            name: self.initial[name] if text == self._initial_tables.get(name) else plain(text)
            for name, text in tables.items()
        }

    @cached_property
    def _initial_tables(self) -> Mapping[str, Raw]:
        return _tables(canonical_json(self.initial)) or {}

    def in_reach(self, task: Task) -> Catalogue:
        """Return the tools that a task lets its agents use; those of the memory only where it names them."""
        return {name: self.nameable[name] for name in task.tools} if task.tools else self.catalogue

    def facts_for(self, task: Task) -> Mapping[str, ToolFacts]:
        """Return what scoring needs to know of the tools: the domain's, and the memory's where the task names one."""
        return self.facts if self.catalogue.keys() >= set(task.tools) else self._nameable_facts

    @cached_property
    def nameable(self) -> Catalogue:
        """What tasks, injections and people can name: the domain's own tools, and those of the memory."""
        return {**MEMORY_TOOLS, **self.catalogue}

    @cached_property
    def _nameable_facts(self) -> Mapping[str, ToolFacts]:
        return facts_of(self.nameable)

    def soil(self, task: Task) -> Soil:
        """Return what a task of the domain offers to seedings."""
        reach = self.in_reach(task)
        return Soil(
            ask=task.ask,
            principal=Principal(task.user, task.tenant),
            phrases={name: one.phrase for name, one in self.injections.items()},
            fitting=tuple(one.id for one in self.injections.values() if any(call.tool in reach for call in one.calls)),
            inject=self.inject,
            vectors=self.vectors,
        )

    def ask(self, task: Task) -> Ask:
        """Return what agents are told of a task."""
        return task.asked(self.policy)
