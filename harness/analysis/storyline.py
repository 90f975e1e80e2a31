"""One trial as a table: what the planner decided in each step, what was executed, and where it broke."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from harness.analysis.timeline import shortened
from harness.history import Event, canonical_json
from harness.planners import Decision

_STARTS = ("tool_call_started", "approval_requested")
_ENDS = ("tool_call_completed", "tool_call_failed", "approval_decided")
_TOOK_PLACE = {"effect_committed": "took effect", "effect_deduplicated": "recognised as a repeat, no effect"}
_BROKE = {
    "fault_injected": "fault",
    "model_call_failed": "failed",
    "tool_call_failed": "failed",
    "policy_denied": "denied",
    "approval_queued": "queued for a person",
    "run_parked": "parked",
    "run_resumed": "resumed",
    "loop_detected": "loop",
    "breaker_opened": "breaker opened",
    "budget_exceeded": "out of budget",
    "kill_switch_tripped": "kill switch",
    "fallback_activated": "fell back",
    "trial_aborted": "aborted",
}
_REASONS = ("kind", "rule", "budget", "mode", "cause", "error", "message")


class StoryRow(msgspec.Struct, frozen=True):
    """One step of one run, in lines of words; step 0 is what came before the first turn of the planner.

    Attempts at the same call stand in one line of ``executed``; what took effect is the truth, which no agent sees.
    ``run_id`` is empty for what belongs to the whole trial.
    """

    run_id: str
    step: int
    decided: tuple[str, ...]
    executed: tuple[str, ...]
    broke: tuple[str, ...]


def storyline(events: Sequence[Event]) -> tuple[StoryRow, ...]:
    """Return the steps of a history, each run's together; an event without a step counts to the one before it."""
    ends = {event.payload.get("call"): event for event in events if event.kind in _ENDS}
    rows = (_row(*place, told, ends) for place, told in _by_step(events).items())
    return tuple(row for row in rows if row.decided or row.executed or row.broke)


def _by_step(events: Iterable[Event]) -> dict[tuple[str, int], list[Event]]:
    """Group events by run, the whole trial last, and by step."""
    steps: dict[str, dict[int, list[Event]]] = {}
    latest: dict[str, int] = {}
    for event in events:
        run_id = event.run_id or ""
        latest[run_id] = max(latest.get(run_id, 0), event.step or 0)
        step = latest[run_id] if event.step is None else event.step
        steps.setdefault(run_id, {}).setdefault(step, []).append(event)
    runs = sorted(steps, key=lambda run_id: run_id == "")
    return {(run_id, step): told for run_id in runs for step, told in sorted(steps[run_id].items())}


def _row(run_id: str, step: int, events: Sequence[Event], ends: Mapping[Any, Event]) -> StoryRow:
    executed = (*_calls(events, ends), *_effects(events), *_endings(events))
    return StoryRow(run_id, step, tuple(_decisions(events)), executed, tuple(_breaks(events)))


def _decisions(events: Iterable[Event]) -> Iterator[str]:
    for event in events:
        if event.kind == "model_call_completed" and "ending" in event.payload:
            yield f"begins to speak: {event.payload['ending']}"
        elif event.kind == "model_call_completed":
            yield from _decision(event.payload.get("value"))


def _decision(value: Any) -> Iterator[str]:
    """Yield thought, calls and answer; whatever else a model said is shown as it is."""
    try:
        decision = msgspec.convert(value, Decision)
    except msgspec.ValidationError:
        yield shortened(value)
        return
    if decision.thought:
        yield f"thinks: {shortened(decision.thought)}"
    for request in decision.calls:
        yield f"wants {request.tool} {shortened(request.arguments)}"
    if decision.answer is not None:
        yield f"answers: {shortened(decision.answer)}"


def _calls(events: Iterable[Event], ends: Mapping[Any, Event]) -> Iterator[str]:
    """Yield a line for each call, with the result of each attempt at it."""
    attempts: dict[bytes, list[str]] = {}
    shown: dict[bytes, str] = {}
    for event in events:
        if event.kind in _STARTS:
            arguments = event.payload.get("arguments", {})
            same_call = canonical_json([event.port, event.name, arguments])
            attempts.setdefault(same_call, []).append(_result(ends.get(event.seq)))
            shown[same_call] = f"{_site(event)} {shortened(_meant(event, arguments))}"
    yield from (f"{shown[one]}: {', then '.join(results)}" for one, results in attempts.items())


def _site(event: Event) -> str:
    return str(event.name) if event.port in ("tool", "retrieval") else f"{event.port}:{event.name}"


def _meant(event: Event, arguments: Mapping[str, Any]) -> Any:
    """Return the arguments of the call; of a question to a person, those of the action that it is about."""
    return arguments.get("arguments", arguments) if event.kind == "approval_requested" else arguments


def _result(end: Event | None) -> str:
    if end is None:
        return "never answered"
    if "value" in end.payload:
        return f"{end.result} {shortened(end.payload['value'])}"
    return f"{end.result} {end.error_type or ''}".rstrip()


def _effects(events: Iterable[Event]) -> Iterator[str]:
    for event in events:
        if event.kind in _TOOK_PLACE:
            site = (event.address or str(event.name)).partition("/")[2].partition("#")[0].partition(":")[2]
            yield f"{site or event.name}: {_TOOK_PLACE[event.kind]}"


def _endings(events: Iterable[Event]) -> Iterator[str]:
    return (f"the run ended: {event.result}" for event in events if event.kind == "run_completed")


def _breaks(events: Iterable[Event]) -> Iterator[str]:
    for event in events:
        if event.kind in _BROKE:
            about = [str(part) for part in (event.name or event.address, event.error_type) if part]
            about += [shortened(event.payload[key]) for key in _REASONS if event.payload.get(key)]
            yield f"{_BROKE[event.kind]}: {', '.join(about)}" if about else _BROKE[event.kind]
        elif event.kind == "approval_decided" and (answer := _refusal(event)):
            yield f"no approval: {event.name}, {answer}"


def _refusal(decided: Event) -> str | None:
    """Return what a person said instead of yes, or that there was no answer."""
    value = decided.payload.get("value")
    decision = value.get("decision") if isinstance(value, dict) else "no answer"
    return None if decision in ("approve", "modify") else str(decision)
