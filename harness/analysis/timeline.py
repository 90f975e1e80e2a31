"""The timeline of one trial: lanes, bars from start to end of each call, and marks for what happened besides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from harness.analysis.results import Breach, Results
from harness.history import Event

_STARTS = {"model_call_started", "tool_call_started", "approval_requested"}
_ENDS = {
    "model_call_completed",
    "model_call_failed",
    "tool_call_completed",
    "tool_call_failed",
    "approval_decided",
}
_MARK_LANES = {
    "fault_injected": "faults",
    "effect_committed": "effects",
    "effect_deduplicated": "effects",
    "trial_aborted": "control",
}
_CONTROLS = {
    "retry_scheduled",
    "budget_exceeded",
    "fallback_activated",
    "policy_denied",
    "approval_queued",
    "loop_detected",
    "kill_switch_tripped",
    "run_parked",
    "run_resumed",
    "breaker_opened",
    "breaker_half_opened",
    "breaker_closed",
    "context_compacted",
    "memory_written",
    "memory_deleted",
    "handoff",
}
_PORT_ORDER = ("model", "retrieval", "memory", "tool", "user", "agent", "store", "approval")
SHOWN_CHARACTERS = 280
LABEL_CHARACTERS = 48


class Lane(msgspec.Struct, frozen=True):
    """A row of the picture; ``run_id`` is empty for what belongs to the whole trial."""

    key: str
    run_id: str
    label: str


class Bar(msgspec.Struct, frozen=True):
    """One call; ``status`` is ok, failed, unknown, approved, denied or open (it never ended)."""

    seq: int
    lane: str
    start_s: float
    end_s: float
    label: str
    status: str
    detail: str
    attempt: int


class Mark(msgspec.Struct, frozen=True):
    """One instant; ``target`` is the lane of the call that it concerns, if any."""

    seq: int
    lane: str
    time_s: float
    kind: str
    label: str
    detail: str
    target: str | None


class Timeline(msgspec.Struct, frozen=True):
    """The picture of one trial as data; ``answer`` is what its agent said in the end."""

    trial_id: str
    lanes: tuple[Lane, ...]
    bars: tuple[Bar, ...]
    marks: tuple[Mark, ...]
    answer: str
    end_s: float


def timelines(results: Results, trial_ids: Sequence[str]) -> tuple[Timeline, ...]:
    """Return the timelines of some trials, in the order given."""
    histories = results.events(trial_ids)
    breaches: dict[str, list[Breach]] = {}
    for breach in results.breaches:
        breaches.setdefault(breach.trial_id, []).append(breach)
    return tuple(timeline(one, histories.get(one, []), breaches.get(one, [])) for one in trial_ids)


def timeline(trial_id: str, history: Sequence[Event], breaches: Iterable[Breach] = ()) -> Timeline:
    """Return the timeline of one history."""
    end_s = max((event.time_s for event in history), default=0.0)
    bars = tuple(_bars(history, end_s))
    marks = (*_marks(history), *_breach_marks(history, breaches))
    said = [str(event.payload.get("answer", "")) for event in history if event.kind == "run_completed"]
    return Timeline(trial_id, tuple(_lanes(bars, marks)), bars, marks, "\n".join(said), end_s)


def _bars(history: Sequence[Event], end_s: float) -> Iterator[Bar]:
    ends = {event.payload.get("call"): event for event in history if event.kind in _ENDS}
    for event in history:
        if event.kind in _STARTS:
            yield _bar(event, ends.get(event.seq), end_s)


def _bar(start: Event, end: Event | None, end_s: float) -> Bar:
    status = _status(end)
    finished_s = end.time_s if end else end_s
    outcome = f"{status} after {finished_s - start.time_s:.3g} s" if end else "never ended"
    lines = [_call_text(start), f"{outcome}{_reply_text(end)}"]
    attempt = start.payload.get("attempt", 1)
    return Bar(start.seq, _lane(start), start.time_s, finished_s, start.name or "", status, "\n".join(lines), attempt)


def _status(end: Event | None) -> str:
    if end is None:
        return "open"
    if end.kind == "approval_decided":
        value = end.payload.get("value")
        decision = value.get("decision") if isinstance(value, dict) else None
        return "approved" if decision in ("approve", "modify") else "denied" if decision else "unknown"
    return end.result or "ok"


def _call_text(start: Event) -> str:
    arguments = start.payload.get("arguments", {})
    shown = arguments.get("arguments", arguments) if start.kind == "approval_requested" else arguments
    attempt = start.payload.get("attempt", 1)
    again = f" (attempt {attempt})" if attempt > 1 else ""
    return (
        f"{start.address or start.name}{again} {shortened(shown)}" if shown else f"{start.address or start.name}{again}"
    )


def _reply_text(end: Event | None) -> str:
    if end is None:
        return ""
    if "value" in end.payload:
        return f": {shortened(end.payload['value'])}"
    if "ending" in end.payload:
        return f": a stream, {end.payload['ending']}"
    return f": {end.error_type or ''} {end.payload.get('message', '')}".rstrip(": ")


def shortened(value: Any) -> str:
    """Return plain data as short JSON text."""
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


def _lane(event: Event) -> str:
    port = event.port or "tool"
    site = port if port in ("model", "approval") else f"{port}:{event.name}"
    return f"{event.run_id or ''}/{site}"


def _marks(history: Iterable[Event]) -> Iterator[Mark]:
    for event in history:
        if event.kind in _MARK_LANES:
            lane = _MARK_LANES[event.kind]
            yield Mark(event.seq, f"/{lane}", event.time_s, event.kind, _label(event), _detail(event), _target(event))
        elif event.kind in _CONTROLS:
            lane = f"{event.run_id or ''}/control"
            yield Mark(event.seq, lane, event.time_s, event.kind, _label(event), _detail(event), _target(event))


def _label(event: Event) -> str:
    payload = event.payload
    if event.kind == "fault_injected":
        return str(payload.get("kind", "fault"))
    if event.kind == "retry_scheduled":
        return f"retry in {payload.get('wait_s', 0):.3g} s"
    if event.kind in ("effect_committed", "effect_deduplicated"):
        identity = (event.address or "").partition("[")[2].rpartition("]")[0]
        return f"{event.name} {identity.partition('=')[2] or identity}".rstrip()[:LABEL_CHARACTERS]
    if event.kind == "policy_denied":
        return f"{payload.get('rule', 'policy')}: {event.name}"
    return event.kind.replace("_", " ")


def _detail(event: Event) -> str:
    words = event.kind.replace("_", " ")
    where = f" at {event.address}" if event.address else ""
    return f"{words}{where} {shortened(event.payload)}" if event.payload else f"{words}{where}"


def _target(event: Event) -> str | None:
    if event.address is None:
        return None
    run_id, _, site = event.address.partition("/")
    site = site.partition("#")[0].partition("[")[0]
    port = site.partition(":")[0]
    return f"{run_id}/{port if port in ('model', 'approval') else site}"


def _breach_marks(history: Sequence[Event], breaches: Iterable[Breach]) -> Iterator[Mark]:
    at = {event.seq: event for event in history}
    for breach in breaches:
        event = at.get(breach.seq)
        kind = "breach_blocked" if breach.blocked else "breach"
        detail = f"{breach.rule} ({breach.severity}): {breach.message}"
        yield Mark(breach.seq, "/breaches", event.time_s if event else 0.0, kind, breach.rule, detail, None)


def _lanes(bars: Iterable[Bar], marks: Iterable[Mark]) -> Iterator[Lane]:
    """Yield faults on top, then each run's lanes by port, then what really happened."""
    marked = dict.fromkeys(mark.lane for mark in marks)
    if "/faults" in marked:
        yield Lane("/faults", "", "faults")
    keys = dict.fromkeys([*(bar.lane for bar in bars), *(lane for lane in marked if not lane.startswith("/"))])
    for key in sorted(keys, key=_order(list(keys))):
        run_id, _, label = key.partition("/")
        yield Lane(key, run_id, label)
    for label in ("control", "effects", "breaches"):
        if f"/{label}" in marked:
            yield Lane(f"/{label}", "", label)


def _order(keys: Sequence[str]) -> Any:
    first: Mapping[str, int] = {key: index for index, key in enumerate(keys)}

    def order(key: str) -> tuple[str, int, int]:
        run_id, _, site = key.partition("/")
        port = site.partition(":")[0]
        rank = _PORT_ORDER.index(port) if port in _PORT_ORDER else len(_PORT_ORDER)
        return run_id, rank, first[key]

    return order
