"""The event, the closed list of its kinds, and the append-only history of one trial."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, get_args

import msgspec

EventKind = Literal[
    # the run
    "run_started",
    "run_resumed",
    "run_parked",
    "run_completed",
    # the boundary
    "model_call_started",
    "model_call_completed",
    "model_call_failed",
    "tool_call_started",
    "tool_call_completed",
    "tool_call_failed",
    "approval_requested",
    "approval_decided",
    # the control round the planner
    "retry_scheduled",
    "budget_exceeded",
    "fallback_activated",
    "policy_allowed",
    "policy_denied",
    "approval_queued",
    "loop_detected",
    "kill_switch_tripped",
    "breaker_opened",
    "breaker_half_opened",
    "breaker_closed",
    "context_compacted",
    "memory_written",
    "memory_deleted",
    "handoff",
    # the truth, which no agent sees
    "fault_injected",
    "budgets_scaled",
    "effect_committed",
    "effect_deduplicated",
    "world_settled",
    "oracle_decided",
    "trial_aborted",
]
EVENT_KINDS: frozenset[str] = frozenset(get_args(EventKind))


class Event(msgspec.Struct, omit_defaults=True, gc=False):
    """One thing that happened.

    ``time_s`` is seconds since the trial began (virtual in a simulated trial); ``step`` counts the planner's
    turns from 1; ``address`` is ``run/port:name[identity]#n``; ``result`` is ``ok``, ``failed`` or ``unknown`` for
    calls and free for other kinds; ``payload`` is plain JSON data whose keys depend on the kind.
    A field that does not apply, or was not measured, is None.
    """

    seq: int
    time_s: float
    kind: EventKind
    run_id: str | None = None
    step: int | None = None
    port: str | None = None
    name: str | None = None
    address: str | None = None
    latency_s: float | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost_usd: float | None = None
    result: str | None = None
    error_type: str | None = None
    retryable: bool | None = None
    payload: dict[str, Any] = {}


class History:
    """The events of one trial in the order in which they happened."""

    __slots__ = ("events", "now")

    def __init__(self, now: Callable[[], float]) -> None:
        """``now`` returns the seconds since the trial began."""
        self.now = now
        self.events: list[Event] = []

    def append(self, kind: EventKind, **fields: Any) -> Event:
        """Record one event at the present moment and return it."""
        event = Event(len(self.events), self.now(), kind, **fields)
        self.events.append(event)
        return event

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)

    def __len__(self) -> int:
        return len(self.events)


_ENCODER = msgspec.json.Encoder(order="deterministic")
_DECODER = msgspec.json.Decoder(Event)


def encode_events(events: Iterable[Event]) -> bytes:
    """Encode events as JSON lines with sorted keys."""
    return _ENCODER.encode_lines(events)


def decode_events(lines: bytes) -> list[Event]:
    """Read back what :func:`encode_events` wrote; raises msgspec.DecodeError on anything else."""
    return _DECODER.decode_lines(lines)


def history_digest(events: Iterable[Event]) -> str:
    """SHA-256 over the encoded events: equal digests mean byte-identical histories."""
    return hashlib.sha256(encode_events(events)).hexdigest()
