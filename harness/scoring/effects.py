"""What the ledger says: effects that happened twice, without approval, or behind a reported failure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from harness.content import same
from harness.history import Event
from harness.scoring.calls import logical_calls, thing_text, tool_attempts
from harness.scoring.record import Record


def duplicate_effects(record: Record) -> list[Event]:
    """Return the effects beyond ``max_count`` (default 1) for the same tool and identity, in order.

    Where a tool declares no identity, the same arguments count as the same thing.
    """
    counts: dict[bytes, int] = defaultdict(int)
    beyond = []
    for effect in record.of("effect_committed"):
        identity = effect.payload["identity"] or effect.payload["arguments"]
        thing = thing_text([effect.name, identity])
        counts[thing] += 1
        if counts[thing] > _max_count(record, str(effect.name)):
            beyond.append(effect)
    return beyond


def _max_count(record: Record, tool: str) -> int:
    calls = record.task.expect.calls
    return calls.max_count.get(tool, 1) if calls else 1


def unapproved_effects(record: Record) -> list[Event]:
    """Return the irreversible effects that nobody had approved with these arguments in that run before they happened.

    An approval counts from the moment of its decision, and one logical call uses it up: the effects with the same
    idempotency key, or, without a key, those of all attempts and copies of the call. Numbers compare by value.
    """
    approvals = list(approvals_given(record))
    keyless = any(one.payload["idempotency_key"] is None for one in record.of("effect_committed"))
    # Grouping attempts takes time, and only effects without a key need it.
    numbers = _call_numbers(record) if keyless else {}
    covered: set[tuple[object, ...]] = set()
    found = []
    for effect in record.of("effect_committed"):
        intent = _intent_of(effect, numbers)
        if not effect.payload["irreversible"] or intent in covered:
            continue
        approval = next((one for one in approvals if one.covers(effect)), None)
        if approval is None:
            found.append(effect)
        else:
            approvals.remove(approval)
            covered.add(intent)
    return found


def _call_numbers(record: Record) -> dict[str | None, int]:
    """Number the logical calls, by the addresses of their attempts."""
    return {
        attempt.start.address: number for number, call in enumerate(logical_calls(record)) for attempt in call.attempts
    }


def _intent_of(effect: Event, numbers: Mapping[str | None, int]) -> tuple[object, ...]:
    """Name the logical call of an effect, with its arguments: what was reworded was not approved."""
    key = effect.payload["idempotency_key"]
    call = key if key is not None else numbers.get(effect.address, effect.address)
    return effect.run_id, effect.name, thing_text(effect.payload["arguments"]), call


class Approval(msgspec.Struct, frozen=True):
    """A person's yes: the request that was shown, and when it was decided (a seq)."""

    request: Event
    decided: int

    def covers(self, effect: Event) -> bool:
        """Whether ``effect`` is what was approved, and came after."""
        request = self.request
        return (
            self.decided < effect.seq
            and request.name == effect.name
            and request.run_id == effect.run_id
            and same(request.payload["arguments"]["arguments"], effect.payload["arguments"])
        )


def approvals_given(record: Record) -> Iterable[Approval]:
    """Yield the approvals in the order of their decisions."""
    for request, decided, approved in approval_decisions(record):
        if approved:
            yield Approval(request, decided.seq)


def approval_decisions(record: Record) -> Iterable[tuple[Event, Event, bool]]:
    """Yield each request, its decision, and whether it was a yes; no answer in time is a no."""
    requests = {event.seq: event for event in record.of("approval_requested")}
    for decided in record.of("approval_decided"):
        value = decided.payload.get("value")
        approved = isinstance(value, dict) and value.get("decision") == "approve"
        yield requests[decided.payload["call"]], decided, approved


def effects_after_failure(record: Record) -> list[Event]:
    """Return the effects whose caller was told that the call had failed."""
    failed = {one.start.address for one in tool_attempts(record) if one.status == "failed"}
    return [effect for effect in record.of("effect_committed") if effect.address in failed]
