"""Logical calls: what the agent meant to do, each with the attempts that it took."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from harness.boundary import ToolFacts
from harness.content import same
from harness.history import Event, canonical_json
from harness.scoring.record import Record

TOOL_PORTS = ("tool", "retrieval")
_EXACT_REALS = 2**53


class Attempt(msgspec.Struct):
    """One call that crossed the boundary; ``end`` is None when no reply was recorded."""

    start: Event
    end: Event | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """What was sent."""
        arguments: dict[str, Any] = self.start.payload.get("arguments", {})
        return arguments

    @property
    def key(self) -> str | None:
        """The idempotency key that the agent declared."""
        key: str | None = self.start.payload.get("idempotency_key")
        return key

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
        return self.last.status

    @property
    def last(self) -> Attempt:
        """The last attempt."""
        return self.attempts[-1]

    def same_request(self) -> bytes:
        """Return a text that is equal for equal requests."""
        return thing_text([self.tool, self.arguments])


def thing_text(value: object) -> bytes:
    """Return canonical JSON in which equal numbers have equal texts, so that 10 and 10.0 are the same thing."""
    return canonical_json(_with_reals(value))


def _with_reals(value: object) -> object:
    if isinstance(value, dict):
        return {key: _with_reals(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_reals(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _EXACT_REALS:
        return float(value)
    return value


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

    An attempt joins a former call of the same tool and run only when that call's last attempt had ended before and was
    not ok: a repeat after a success, and a parallel call, are calls of their own. Of several such calls the latest
    counts, one with equal arguments before one without.

    Declared: an attempt number above 1 joins a call with the same idempotency key, or, where it has none, on the same
    thing (identity; all arguments where the tool declares none). The same key joins with equal arguments, and with
    reworded ones on the same thing after an unknown outcome. Inferred, where the agent declares neither key nor number:
    the same request.
    """
    calls: list[LogicalCall] = []
    not_ok: defaultdict[tuple[str | None, str | None], list[LogicalCall]] = defaultdict(list)
    for attempt in tool_attempts(record):
        formers = not_ok[attempt.start.run_id, attempt.start.name]
        call = _call_of(attempt, formers, record.tools)
        if call is None:
            call = _new_call(attempt)
            calls.append(call)
            formers.append(call)
        else:
            call.attempts.append(attempt)
        if attempt.status == "ok":
            formers.remove(call)
    return calls


def _new_call(attempt: Attempt) -> LogicalCall:
    start = attempt.start
    basis = "declared" if {"attempt", "idempotency_key"} & start.payload.keys() else "inferred"
    return LogicalCall(str(start.run_id), str(start.name), attempt.arguments, basis, [attempt])


def _call_of(attempt: Attempt, formers: Sequence[LogicalCall], tools: Mapping[str, ToolFacts]) -> LogicalCall | None:
    """Return the one that an attempt joins, of the calls of its run and tool that were not ok."""
    start = attempt.start
    facts = tools.get(str(start.name))
    identity = facts.identity if facts else ()
    open_calls = [one for one in reversed(formers) if _has_ended(one, start) and _joins(attempt, one, identity)]
    equal = (one for one in open_calls if same(one.last.arguments, attempt.arguments))
    return next(equal, next(iter(open_calls), None))


def _has_ended(former: LogicalCall, start: Event) -> bool:
    end = former.last.end
    return end is not None and end.seq < start.seq


def _joins(attempt: Attempt, former: LogicalCall, identity: Sequence[str]) -> bool:
    number = attempt.start.payload.get("attempt")
    if attempt.key != former.last.key:
        return False
    equal = same(former.last.arguments, attempt.arguments)
    same_thing = all(same(former.last.arguments.get(one), attempt.arguments.get(one)) for one in identity)
    if number is not None and number > 1:
        return same_thing if attempt.key is not None or identity else equal
    if attempt.key is not None:
        return equal or (same_thing and former.status == "unknown")
    return number is None and equal
