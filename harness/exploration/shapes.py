"""What a history comes down to: two trials of one shape are, for whoever looks for new behaviour, the same trial."""

from __future__ import annotations

import math
from typing import Any

from harness.exploration.sites import CALL_STARTED
from harness.history import Event, digest
from harness.scoring import Record

_UNSEEN = frozenset({"fault_injected", "budgets_scaled", "world_settled", "policy_allowed"})
# What tells one event from another of its kind and address, and is neither a time, a price nor a message.
_TELLING = ("arguments", "answer", "mode", "cause", "rule", "budget", "model")


def shape_of(record: Record) -> str:
    """Return a digest of what was called, decided and effected, in which order, and of how each call ended.

    Times, prices, texts and values are left out: whatever an agent was told shows in what it did next. How long it all
    took counts by its order of magnitude.
    """
    facts = [_facts(event) for event in record.events if event.kind not in _UNSEEN]
    return digest([facts, _magnitude(record)])[:16]


def tails_of(record: Record) -> dict[str, str]:
    """Return, for each call, a digest of all that came from it on, whatever the arrivals were by then."""
    tails: dict[str, str] = {}
    tail = ""
    for event in reversed(record.events):
        if event.kind not in _UNSEEN:
            kind, where, *facts = _facts(event)
            tail = digest([kind, (where or "").partition("#")[0], facts, tail])[:8]
            if event.kind in CALL_STARTED and event.address is not None:
                tails[event.address] = tail
    return tails


def _facts(event: Event) -> tuple[Any, ...]:
    told = [event.payload[key] for key in _TELLING if key in event.payload] if event.port != "model" else []
    decided = event.payload.get("value") if event.kind == "approval_decided" else None
    return event.kind, event.address or event.name, event.result, event.retryable, told, decided


def _magnitude(record: Record) -> int:
    """Return the power of sixteen of the seconds until the last event."""
    return math.ceil(math.log(max(record.events[-1].time_s, 1.0), 16)) if record.events else 0
