"""The three types of fault, as data with one function each.

A ``CallFault`` wraps one exchange, a ``Seeding`` changes the world before time 0, a ``SimulationFault`` changes the
simulation for a while. Concrete kinds live in the packs (``fault_injectors/``).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec
from pydantic import BaseModel

from harness.boundary.calls import Call, EffectClass, LogState, Reply

Undo = Callable[[], None]
# Every way in which a kind can hurt, in the field's words, and the options that say it.
Variants = Mapping[str, Mapping[str, Any]]


class Exchange(Protocol):
    """One call on its way, as a call fault sees it."""

    @property
    def call(self) -> Call:
        """The call as the agent made it."""

    async def proceed(self, call: Call | None = None) -> Reply:
        """Deliver the call (to the next fault, at last to the tool) and return the reply.

        ``call`` is delivered in its stead: what arrives is not what was sent.
        """

    async def proceed_after(self, delay_s: float) -> Reply:
        """Hold the call up on its way; it arrives then even when the caller has given up by that time."""

    async def replicate(self) -> Reply:
        """Answer as a replica would that has heard of nothing since the trial began; the call has no effect."""

    def earlier(self) -> list[Any]:
        """Return the values that this tool or model has answered before, in any run, oldest first."""

    def now(self) -> float:
        """Return what the wall clock reads, as epoch seconds."""

    def repeat_later(self, delay_s: float) -> None:
        """Deliver the same call once more, ``delay_s`` from now, even when the caller is gone by then.

        Nobody sees the reply. What was refused by then is not delivered again: it has been answered.
        """

    def repeat_at_the_end(self) -> None:
        """Deliver the same call once more when all runs of the trial have ended."""

    async def overtaken(self, patience_s: float) -> None:
        """Wait until a call that the same run made later has been answered, at most ``patience_s``."""

    async def turn_away(self, reply: Reply) -> Reply:
        """Answer with ``reply`` in the tool's stead, after one round trip; the call has no effect."""

    async def hang(self) -> Reply:
        """Wait until the caller gives up, and return what the caller then knows."""

    def crash(self, restart_after_s: float, *, log: LogState) -> None:
        """Kill the run that made this call, and start it again with what is left of its log."""

    def forget_keys(self, *, own_only: bool = False) -> None:
        """Let the tool that was called lose its memory of idempotency keys, or of this call's own key alone."""

    def revoke(self) -> None:
        """Let the tool refuse, from now on, whoever this call is made for."""

    def foreign(self, thing: str) -> str | None:
        """Return a row like ``thing`` that belongs to another tenant than the call's; None where there is none."""


class SeedableWorld(Protocol):
    """What a seeding may change, and what it may know of the task."""

    @property
    def ask(self) -> str:
        """What the user asks for."""

    @property
    def vectors(self) -> Sequence[str]:
        """Where the domain says that strangers can write."""

    @property
    def injection_used(self) -> str | None:
        """Which injection was asked for last."""

    def phrase(self, injection: str | None = None) -> str | None:
        """Return the sentence of one of the domain's injections; raises KeyError for an unknown one.

        None means the next one that asks for a call within reach of the task; it returns None where there is none.
        """

    def pages(self, limit: int) -> list[tuple[str, str]]:
        """Return title and text of the documents that are found for the ask, best first."""

    def add_document(self, title: str, body: str) -> str:
        """Put one more document into the corpus and return its id."""

    def injection(self, vector: str, text: str) -> None:
        """Write ``text`` where the domain says that strangers can write; raises KeyError for an unknown vector."""

    def describe(self, tool: str | None, text: str) -> None:
        """Add ``text`` to the description of a tool in reach, None: the first; raises KeyError for an unknown one."""

    def remember(self, key: str, text: str) -> None:
        """Keep a memory of the user's, as if an earlier run had."""


class Simulation(Protocol):
    """What a simulation fault may change."""

    def skew(self, seconds: float) -> None:
        """Move what the wall clock reads by ``seconds``; timers do not move."""

    def leave_places(self, tool: str, places: int | None) -> None:
        """Let others occupy the tools that ``tool`` (a glob) names, all but ``places``; None: they go."""

    def scale_budgets(self, factor: float) -> None:
        """Scale by ``factor`` what every run may use up in all."""


class CallFault(msgspec.Struct, frozen=True):
    """A kind that wraps a call; it makes sense at ``ports``, for tools of the classes ``effects``.

    ``variants`` are the ways in which it can hurt, for whoever tries them all; those of a ``lasting`` kind also come as
    outages, at every arrival. What a ``latent`` kind does may show only under another fault. ``family`` is a name, or
    gives it for some options. What a kind that ``misleads`` tells is not so and shows it nowhere, or not as asked.
    """

    name: str
    family: str | Callable[[Any], str]
    options: type[BaseModel]
    ports: tuple[str, ...]
    inject: Callable[[Any, Exchange], Awaitable[Reply]]
    variants: Variants = {}
    effects: tuple[EffectClass, ...] = ("read", "write", "irreversible")
    lasting: bool = False
    latent: bool = False
    misleads: bool | Callable[[Any], bool] = False

    def applies_to(self, port: str, effect: EffectClass | None) -> bool:
        """Whether it makes sense at a port, for a tool of an effect class (None: what answers there is no tool)."""
        return port in self.ports and (effect is None or effect in self.effects)


class Seeding(msgspec.Struct, frozen=True):
    """A kind that changes the world before time 0.

    ``seed`` returns probes: texts that show, once they are in a reply, that the seed has reached the agent.
    """

    name: str
    family: str
    options: type[BaseModel]
    seed: Callable[[Any, SeedableWorld], tuple[str, ...]]
    variants: Variants = {}


class SimulationFault(msgspec.Struct, frozen=True):
    """A kind that acts on the simulation from the start of its window, and is undone at its end."""

    name: str
    family: str
    options: type[BaseModel]
    act: Callable[[Any, Simulation], Undo]
    variants: Variants = {}


FaultKind = CallFault | Seeding | SimulationFault


def family_of(kind: FaultKind, options: Any) -> str:
    """Return the family of harm in which a fault of this kind with these options counts."""
    return kind.family if isinstance(kind.family, str) else kind.family(options)


def misleads(kind: FaultKind, options: Any) -> bool:
    """Whether an agent may end wrongly in good faith under a fault of this kind with these options."""
    told = kind.misleads if isinstance(kind, CallFault) else False
    return told if isinstance(told, bool) else told(options)


class Receipt(msgspec.Struct, frozen=True):
    """What became of one planned fault: how often it hit, and where and when first (None: it never did)."""

    fault: int
    kind: str
    family: str
    at: str
    times: int
    first_address: str | None
    first_time_s: float | None

    @property
    def fired(self) -> bool:
        """Whether the fault hit at all."""
        return self.times > 0
