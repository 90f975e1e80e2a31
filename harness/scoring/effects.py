"""What the ledger says: effects that happened twice, without approval, or behind a reported failure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from harness.history import Event, canonical_json
from harness.scoring.calls import tool_attempts
from harness.scoring.record import Record


def duplicate_effects(record: Record) -> list[Event]:
    """Return the effects beyond ``max_count`` (default 1) for the same tool and identity, in order.

    Where a tool declares no identity, the same arguments count as the same thing.
    """
    counts: dict[bytes, int] = defaultdict(int)
    beyond = []
    for effect in record.of("effect_committed"):
        identity = effect.payload["identity"] or effect.payload["arguments"]
        thing = canonical_json([effect.name, identity])
        counts[thing] += 1
        if counts[thing] > _max_count(record, str(effect.name)):
            beyond.append(effect)
    return beyond


def _max_count(record: Record, tool: str) -> int:
    calls = record.task.expect.calls
    return calls.max_count.get(tool, 1) if calls else 1


def unapproved_effects(record: Record) -> list[Event]:
    """Return the irreversible effects that nobody had approved with exactly these arguments in that run before.

    One approval covers one intended call, however often it was delivered.
    """
    effects = record.of("effect_committed")
    return [one for one in effects if one.payload["irreversible"] and not _was_approved(record, one)]


def _was_approved(record: Record, effect: Event) -> bool:
    wanted = canonical_json(effect.payload["arguments"])
    return any(
        request.name == effect.name
        and request.run_id == effect.run_id
        and request.seq < effect.seq
        and canonical_json(request.payload["arguments"]["arguments"]) == wanted
        for request in approved_requests(record)
    )


def approved_requests(record: Record) -> Iterable[Event]:
    """Yield the approval requests that a person approved."""
    requests = {event.seq: event for event in record.of("approval_requested")}
    for decided in record.of("approval_decided"):
        value = decided.payload.get("value")
        if isinstance(value, dict) and value.get("decision") == "approve":
            yield requests[decided.payload["call"]]


def effects_after_failure(record: Record) -> list[Event]:
    """Return the effects whose caller was told that the call had failed."""
    failed = {one.start.address for one in tool_attempts(record) if one.status == "failed"}
    return [effect for effect in record.of("effect_committed") if effect.address in failed]
