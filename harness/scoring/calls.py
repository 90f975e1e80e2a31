"""Logical calls: what the agent meant to do, each with the attempts that it took."""

from __future__ import annotations

from typing import Any

import msgspec

from harness.history import Event, canonical_json
from harness.scoring.record import Record

TOOL_PORTS = ("tool", "retrieval")


class Attempt(msgspec.Struct):
    """One call that crossed the boundary; ``end`` is None when no reply was recorded."""

    start: Event
    end: Event | None = None

    @property
    def status(self) -> str:
        """``ok``, ``failed`` or ``unknown``."""
        return (self.end.result if self.end else None) or "unknown"


class LogicalCall(msgspec.Struct):
    """One intended call; ``basis`` says whether its attempts were declared by the agent or inferred."""

    run_id: str
    tool: str
    arguments: dict[str, Any]
    basis: str
    attempts: list[Attempt]

    @property
    def status(self) -> str:
        """How the last attempt ended."""
        return self.attempts[-1].status

    def same_request(self) -> bytes:
        """Return a text that is equal for equal requests."""
        return canonical_json([self.tool, self.arguments])


def tool_attempts(record: Record) -> list[Attempt]:
    """Return every tool or retrieval call of the record with its end."""
    attempts: dict[int, Attempt] = {}
    for event in record.events:
        if event.kind == "tool_call_started" and event.port in TOOL_PORTS:
            attempts[event.seq] = Attempt(event)
        elif event.kind in ("tool_call_completed", "tool_call_failed") and event.payload.get("call") in attempts:
            attempts[event.payload["call"]].end = event
    return list(attempts.values())


def logical_calls(record: Record) -> list[LogicalCall]:
    """Group attempts into logical calls, in the order of their first attempt.

    Declared: an attempt with the same idempotency key, or with an attempt number above 1, belongs to the last call of
    that tool in that run. Inferred, where the agent declares neither: the same request after a reply that was not ok.
    """
    calls: list[LogicalCall] = []
    for attempt in tool_attempts(record):
        former = _call_of(attempt, calls)
        if former is not None:
            former.attempts.append(attempt)
            continue
        start = attempt.start
        arguments = start.payload.get("arguments", {})
        basis = "declared" if {"attempt", "idempotency_key"} & start.payload.keys() else "inferred"
        calls.append(LogicalCall(str(start.run_id), str(start.name), arguments, basis, [attempt]))
    return calls


def _call_of(attempt: Attempt, calls: list[LogicalCall]) -> LogicalCall | None:
    start = attempt.start
    key, number = start.payload.get("idempotency_key"), start.payload.get("attempt")
    for former in reversed(calls):
        if former.tool != start.name or former.run_id != start.run_id:
            continue
        if number is not None and number > 1:
            return former
        if key is not None:
            if former.attempts[0].start.payload.get("idempotency_key") == key:
                return former
            continue
        if former.status != "ok" and former.arguments == start.payload.get("arguments", {}):
            return former
        if number is not None:
            return None
    return None
