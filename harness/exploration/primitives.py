"""The resilience primitives of an agent, as its history shows them at work: each fired, or never did."""

from __future__ import annotations

from collections.abc import Iterator

from harness.history import Event
from harness.scoring import Record

PRIMITIVES = (
    "retry",
    "breaker opened",
    "breaker half open",
    "breaker closed",
    "kill switch",
    "deadline",
    "budget",
    "dedupe",
    "look-up",
    "policy refusal",
    "approval: approve",
    "approval: deny",
    "approval: modify",
    "approval: escalate",
    "approval: no answer",
    "loop stopped",
    "resume after a crash",
    "fallback: fallback_model",
    "fallback: draft",
    "fallback: fewer_steps",
    "fallback: single_turn",
    "fallback: retrieval_only",
    "fallback: human_queue",
    "fallback: summary",
)

_BY_KIND = {
    "retry_scheduled": "retry",
    "breaker_opened": "breaker opened",
    "breaker_half_opened": "breaker half open",
    "breaker_closed": "breaker closed",
    "kill_switch_tripped": "kill switch",
    "effect_deduplicated": "dedupe",
    "policy_denied": "policy refusal",
    "loop_detected": "loop stopped",
    "run_resumed": "resume after a crash",
}


def primitives_of(record: Record) -> tuple[str, ...]:
    """Return the primitives that fired in a trial, in the order of ``PRIMITIVES``."""
    fired = {name for event in record.events for name in _names(event)}
    return tuple(name for name in PRIMITIVES if name in fired)


def _names(event: Event) -> Iterator[str]:
    if event.kind in _BY_KIND:
        yield _BY_KIND[event.kind]
    elif event.kind == "budget_exceeded":
        yield "deadline" if event.payload.get("budget") == "deadline_s" else "budget"
    elif event.kind == "fallback_activated":
        yield f"fallback: {event.payload.get('mode')}"
    elif event.kind == "approval_decided":
        yield f"approval: {_decision(event)}"
    elif event.kind == "tool_call_started":
        yield from ["look-up"] * (event.port == "store")
        yield from ["retry"] * ((event.payload.get("attempt") or 1) > 1)


def _decision(event: Event) -> str:
    value = event.payload.get("value")
    return str(value.get("decision")) if isinstance(value, dict) else "no answer"
