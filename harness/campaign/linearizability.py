"""Whether a trial's calls to its tools are linearizable: its domain's own tools say how each would have been answered.

The whole world is one object. Its things (orders, customers) are none by themselves, because tools number new rows
across all of them, and an order of the calls for each thing alone would prove nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from harness.boundary import Call, Delivery, Principal, Reply, failed, identity_of
from harness.content import Domain, same
from harness.history import Event, History, digest, plain
from harness.scoring import Order, Record, Span, linear_order, next_ones
from harness.simulation import EPOCH_S
from harness.world import Service, StoreService, ToolService, World, changes

# A refusal of one of these kinds is the tool's own word on its state; others come from what lies in front of it.
_OF_THE_STATE = ("conflict", "not_found", "validation")


class Linearization(msgspec.Struct, frozen=True):
    """The addresses of the calls in an order that explains everything, or why there is none.

    Both are empty where nobody could tell: ``undecided`` says why.
    """

    order: tuple[str, ...] | None = None
    problems: tuple[str, ...] = ()
    undecided: str = ""

    @property
    def holds(self) -> bool | None:
        """Whether there is such an order; None where nobody could tell."""
        return None if self.undecided else self.order is not None


class _Operation(msgspec.Struct, frozen=True):
    """A call with what its caller saw of it, and what the ledger says that it did."""

    start: Event
    end: Event | None
    effects: tuple[Event, ...]
    repeats: int

    @property
    def status(self) -> str:
        return (self.end.result if self.end else None) or "unknown"

    @property
    def span(self) -> Span:
        return Span(self.start.seq, math.inf if self.end is None or self.status == "unknown" else self.end.seq)

    @property
    def hint(self) -> int:
        """By which the operations are sorted: where it took effect, else where it was answered."""
        return (self.effects or (self.end or self.start,))[0].seq

    @property
    def time_s(self) -> float:
        return (self.effects or (self.end or self.start,))[0].time_s

    @property
    def address(self) -> str:
        return str(self.start.address)


def linearized(record: Record, domain: Domain) -> Linearization:
    """Decide whether all replies of tools, all effects and the last state of the world have one sequential explanation.

    A call with an unknown outcome may take effect at any time after it began, or never, as the ledger says; calls with
    the same idempotency key take effect once. Replies that a tool did not give for its state (an overload, a missing
    right, whatever a fault has put in the place of a refusal) have to be without effect, and need no other explanation.
    A tool has to be a function of its arguments, the world's state and the world's clock; what it keeps elsewhere, or
    draws by chance, no order explains.
    """
    operations = sorted(_operations(record, domain), key=lambda one: one.hint)
    problems = [line for one in operations for line in _lies(one, record)] + list(_strays(record, operations))
    if problems:
        return Linearization(problems=tuple(problems))
    if _start(record, domain) is None:
        return Linearization(undecided="the world was changed before the trial began, and can not be built again")
    hurt = {event.address for event in record.of("fault_injected")}
    told = [one for one in operations if _says_something(one, hurt)]
    replay = _Replay(record, domain, told)
    found = linear_order([one.span for one in told], replay.after)
    if found.order is not None:
        return Linearization(order=tuple(told[number].address for number in found.order))
    if found.exhausted:
        return Linearization(undecided="too many orders are possible")
    if kinds := _behind_the_tools(record):
        return Linearization(undecided=f"what {kinds} did behind the tools, as to their clock, is not on record")
    return Linearization(problems=tuple(replay.differences(found.longest)))


def _operations(record: Record, domain: Domain) -> Iterator[_Operation]:
    """Yield the calls of the domain's tools, and the look-ups of their keys."""
    ends = {event.payload["call"]: event for event in record.of("tool_call_completed", "tool_call_failed")}
    effects, repeats = _by_address(record.of("effect_committed")), _by_address(record.of("effect_deduplicated"))
    for start in record.of("tool_call_started"):
        if start.port == "tool" or (start.port == "store" and start.name in domain.tools):
            at = start.address
            yield _Operation(start, ends.get(start.seq), tuple(effects.get(at, ())), len(repeats.get(at, ())))


def _by_address(events: Sequence[Event]) -> Mapping[str | None, list[Event]]:
    found: dict[str | None, list[Event]] = {}
    for event in events:
        found.setdefault(event.address, []).append(event)
    return found


def _lies(one: _Operation, record: Record) -> Iterator[str]:
    """Yield what no order could explain: a call whose reply and whose effects contradict each other."""
    facts = record.tools.get(str(one.start.name))
    writes = one.start.port == "tool" and facts is not None and facts.effect != "read"
    if one.status == "ok" and writes and not one.effects and not one.repeats:
        yield f"{one.address}: it was acknowledged, and nothing happened"
    if one.status == "failed" and one.effects:
        yield f"{one.address}: it was reported as failed, and took effect"
    if len(one.effects) > 1:
        yield f"{one.address}: one call took effect {len(one.effects)} times"
    for effect in one.effects:
        if not same(effect.payload["arguments"], one.start.payload["arguments"]):
            yield f"{one.address}: it took effect with other arguments than it had"


def _strays(record: Record, operations: Sequence[_Operation]) -> Iterator[str]:
    called = {one.start.address for one in operations}
    for effect in record.of("effect_committed"):
        if effect.port == "tool" and effect.address not in called:
            yield f"{effect.address}: an effect without a call"


def _says_something(one: _Operation, hurt: set[str | None]) -> bool:
    """Whether an order has to explain it; a call without an effect of which nobody heard explains itself."""
    if one.status == "failed":
        return (one.end is not None and one.end.error_type in _OF_THE_STATE) and one.start.address not in hurt
    return one.status == "ok" or bool(one.effects)


def _behind_the_tools(record: Record) -> str:
    """Name the kinds of faults that hit neither a call nor what a run was shown."""
    hits = [hit for hit in record.of("fault_injected") if hit.run_id is None and hit.address is None]
    return ", ".join(sorted({str(hit.payload["kind"]) for hit in hits}))


def _start(record: Record, domain: Domain) -> Any:
    """Return a fresh state of the world as the trial began with it; None where it can not be built."""
    if record.before == domain.initial:
        return domain.fresh_state()
    fresh = domain.fresh_state()
    return plain(record.before) if domain.snapshot(fresh) == fresh else None


class _Replay:
    """The trial's world, in which its operations are done in other orders, each time from the beginning."""

    def __init__(self, record: Record, domain: Domain, operations: Sequence[_Operation]) -> None:
        self._record = record
        self._domain = domain
        self._operations = operations
        self._done: Order | None = None
        self._now_s = 0.0

    def after(self, order: Order) -> str | None:
        """Return a digest of the state behind ``order``, or None; see :func:`harness.scoring.linear_order`."""
        if not order or self._done != order[:-1]:
            self._begin(order[:-1])
        if order:
            replies, effects = self._do(order[-1])
            if not _is_seen(self._operations[order[-1]], replies, effects):
                self._done = None  # what should not have gone like this may have changed the world
                return None
        self._done = order
        state = self._domain.snapshot(self._world.state)
        is_last = len(order) == len(self._operations) and "world" in self._record.seen
        return None if is_last and state != self._record.after else digest([state, self._unheard])

    def differences(self, longest: Order) -> list[str]:
        """Say what can not come next behind the order that came farthest; where all can, what is wrong at the end."""
        self._begin(longest)
        stuck = []
        for number in next_ones([one.span for one in self._operations], longest):
            one, (replies, effects) = self._operations[number], self._do(number)
            if not _is_seen(one, replies, effects):
                stuck.append(f"{one.address}: no order of the calls explains it; {_gap(one, replies[0], effects)}")
                self._begin(longest)
        return stuck or [
            f"{place.dotted}: it is {place.after!r} at the end, where {place.before!r} was due by all replies"
            for place in changes(self._domain.snapshot(self._world.state), self._record.after)
        ]

    def _begin(self, order: Order) -> None:
        domain, task = self._domain, self._record.task
        history = History(lambda: self._now_s)
        state = _start(self._record, domain)
        self._world = World(state, corpus=domain.corpus, history=history, clock=lambda: EPOCH_S + self._now_s)
        reach = domain.in_reach(task)
        own = {name: domain.tools[name] for name in reach if name in domain.tools}
        self._services: dict[str, Service] = {
            "tool": ToolService(self._world, own, seed=0),
            "store": StoreService(self._world.ledger, reach, seed=0),
        }
        self._unheard: dict[str, Any] = {}
        for number in order:
            self._do(number)

    def _do(self, number: int) -> tuple[list[Reply], int]:
        """Carry out one operation; return how it may have been answered, and how many effects it had.

        Of a call that was delivered more than once, its caller has heard the answer to one of the copies.
        """
        one = self._operations[number]
        self._now_s = one.time_s
        before = len(self._world.ledger.effects)
        service, delivery = self._services[str(one.start.port)], self._delivery(one)
        try:
            replies = [service.answer(delivery) for _ in range(2 if one.effects and one.repeats else 1)]
        except Exception as error:  # noqa: BLE001  # it worked when it was called: this is an order that never was
            replies = [failed("unavailable", f"the tool broke with {type(error).__name__}: {error}")]
        if one.status == "unknown":
            self._unheard[str(number)] = replies[0].value
        return replies, len(self._world.ledger.effects) - before

    def _delivery(self, one: _Operation) -> Delivery:
        start, task = one.start, self._record.task
        call = Call(
            "tool" if start.port == "tool" else "store",
            str(start.name),
            start.payload.get("arguments", {}),
            str(start.run_id),
            Principal(task.user, task.tenant),
            idempotency_key=start.payload.get("idempotency_key"),
        )
        return Delivery(call, str(start.address), identity_of(self._domain.catalogue.get(call.name), call.arguments))


def _is_seen(one: _Operation, replies: Sequence[Reply], effects: int) -> bool:
    """Whether an operation went as its caller and the ledger saw it."""
    return effects == len(one.effects) and any(_is_heard(one, reply) for reply in replies)


def _is_heard(one: _Operation, reply: Reply) -> bool:
    if one.end is None or one.status == "unknown":
        return reply.ok
    if one.status == "failed":
        return reply.status == "failed" and reply.error_type == one.end.error_type
    return reply.ok and plain(reply.value) == one.end.payload.get("value")


def _gap(one: _Operation, reply: Reply, effects: int) -> str:
    if effects != len(one.effects):
        return f"it took effect {len(one.effects)} times, where {effects} were due"
    said = repr(reply.value) if reply.ok else f"{reply.error_type} ({reply.message})"
    return f"{_told(one)}, where {said} was due"


def _told(one: _Operation) -> str:
    if one.end is None or one.status == "unknown":
        return "it took effect unheard"
    value = one.end.payload.get("value", one.end.error_type)
    return f"its caller was told {value!r}"
