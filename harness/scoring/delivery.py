"""What became of writes: reported as done and lost, or of unknown outcome and cleared up or not."""

from __future__ import annotations

from collections.abc import Sequence

from harness.scoring.calls import LogicalCall, thing_text
from harness.scoring.record import Record


def lost_effects(record: Record, calls: Sequence[LogicalCall]) -> list[LogicalCall]:
    """Return the writes that were reported as done although the ledger has no such effect of that run.

    An effect, or a delivery that was known by its key, counts at the address or under the key of any attempt; an effect
    with the same arguments counts as well, since an agent that was told of an error inside an ok calls again.
    """
    done = record.of("effect_committed", "effect_deduplicated")
    places = {one.address for one in done}
    keys = {(one.name, one.payload["idempotency_key"]) for one in done if one.payload["idempotency_key"] is not None}
    reported = [call for call in calls if call.status == "ok" and _writes(record, call.tool)]
    missing = [
        call
        for call in reported
        if not any(one.start.address in places or (call.tool, one.key) in keys for one in call.attempts)
    ]
    if not missing:
        return []
    things = {_deed(one.run_id, one.name, one.payload["arguments"]) for one in record.of("effect_committed")}
    return [call for call in missing if _deed(call.run_id, call.tool, call.last.arguments) not in things]


def _deed(run_id: str | None, tool: str | None, arguments: object) -> bytes:
    return thing_text([run_id, tool, arguments])


def _writes(record: Record, tool: str) -> bool:
    facts = record.tools.get(tool)
    return facts is not None and facts.effect != "read"


def unknown_outcomes(record: Record, calls: Sequence[LogicalCall]) -> dict[int, bool]:
    """Return which writes had an attempt of unknown outcome, by their place in ``calls``, and which were cleared up.

    One was when a later attempt of the call had a known end, or when its key was looked up afterwards and the store
    answered.
    """
    return {
        number: _is_cleared(record, call)
        for number, call in enumerate(calls)
        if _writes(record, call.tool) and any(one.status == "unknown" for one in call.attempts)
    }


def _is_cleared(record: Record, call: LogicalCall) -> bool:
    if call.status != "unknown":
        return True
    asked = [
        one.seq
        for one in record.of("tool_call_started")
        if one.port == "store"
        and one.name == call.tool
        and one.seq > call.last.start.seq
        and one.payload["arguments"].get("idempotency_key") == call.last.key
    ]
    return any(one.payload["call"] in asked for one in record.of("tool_call_completed"))
