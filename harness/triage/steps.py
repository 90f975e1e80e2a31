"""The canonical steps of a trial: who did what, without what changes from run to run and means nothing.

A step has a key; steps with equal keys are the same step in two trials. Times, generated identifiers, thoughts and the
names of intents are no part of it: an intent counts by the order in which it first comes up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

import msgspec

from harness.history import Event, canonical_json
from harness.planners import Decision

StepKind = Literal[
    "decide",
    "answer",
    "role",
    "start",
    "ruling",
    "approval",
    "call",
    "reply",
    "retry",
    "breaker",
    "budget",
    "loop",
    "fallback",
    "fault",
    "effect",
    "end",
]

_VOLATILE_KEY = re.compile(
    r"idempotency_key|(request|trace|span|session)_id|timestamp|nonce|etag|(created|updated|expires|issued)_at(_s)?",
    re.IGNORECASE,
)
_VOLATILE_TEXT = re.compile(
    r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
    r"|\b(?=[0-9a-f]*\d)[0-9a-f]{16,}\b"
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?",
    re.IGNORECASE,
)
_SAME_PORT = ("tool", "retrieval")


class StepKey(NamedTuple):
    """What two trials' steps have to share to be the same step."""

    kind: str
    run_id: str
    name: str
    said: bytes
    intent: int | None


class Step(msgspec.Struct, frozen=True):
    """One step of one run.

    ``number`` is the planner's turn, or that of the call where no turns are counted; ``seq`` the event that it was read
    from. ``said`` is what was asked, decided or answered. ``again`` tells a request that had been made before, and had
    not worked. ``confidence`` is a planner's in its decision; ``intent`` says which of its intents a request belongs
    to, or which of its keys a call has.
    """

    kind: StepKind
    run_id: str
    number: int
    seq: int
    name: str
    said: Any
    again: bool = False
    confidence: float | None = None
    intent: int | None = None

    @property
    def key(self) -> StepKey:
        """Return what equal steps share."""
        return StepKey(self.kind, self.run_id, self.name, canonical_json(stable(self.said)), self.intent)


def stable(value: Any) -> Any:
    """Return plain data without what is generated anew at every run."""
    if isinstance(value, Mapping):
        return {key: stable(item) for key, item in value.items() if not _VOLATILE_KEY.fullmatch(key)}
    if isinstance(value, list | tuple):
        return [stable(item) for item in value]
    return _VOLATILE_TEXT.sub("<X>", value) if isinstance(value, str) else value


def steps_of(events: Iterable[Event]) -> tuple[Step, ...]:
    """Return the steps of a history, in the order in which they happened."""
    return tuple(_Reader().read(events))


class _Reader:
    """Reads events one by one, and remembers what later ones refer to."""

    def __init__(self) -> None:
        self._roles: dict[int, str] = {}
        self._requests: dict[int, tuple[str, str, bytes]] = {}
        self._in_vain: set[tuple[str, str, bytes]] = set()
        self._known: dict[tuple[str, str], dict[str, int]] = {}
        self._numbers: dict[str, int] = {}

    def read(self, events: Iterable[Event]) -> Iterator[Step]:
        for event in events:
            reader = _READERS.get(event.kind)
            if reader is not None:
                yield from reader(self, event)

    def step(self, kind: StepKind, event: Event, name: str, said: Any, **more: Any) -> Step:
        run_id = event.run_id or ""
        number = event.step if event.step is not None else self._numbers.get(run_id, 0)
        self._numbers[run_id] = number
        return Step(kind, run_id, number, event.seq, name, said, **more)

    def ask_model(self, event: Event) -> Iterator[Step]:
        self._roles[event.seq] = event.payload.get("arguments", {}).get("role", "planner")
        yield from ()

    def hear_model(self, event: Event) -> Iterator[Step]:
        role = self._roles.get(event.payload.get("call", -1), "planner")
        value = _spoken(event.payload)
        if role != "planner":
            yield self.step("role", event, role, value)
            return
        try:
            decision = msgspec.convert(value, Decision)
        except msgspec.ValidationError:
            yield self.step("decide", event, "no decision", value)
            return
        yield from self._decided(event, decision)

    def _decided(self, event: Event, decision: Decision) -> Iterator[Step]:
        run_id = event.run_id or ""
        for request in decision.calls:
            asked = (run_id, request.tool, canonical_json(request.arguments))
            confidence = decision.confidence if request.confidence is None else request.confidence
            intent = self._ordinal(run_id, "intent", request.intent) if request.intent else None
            more = {"again": asked in self._in_vain, "confidence": confidence, "intent": intent}
            yield self.step("decide", event, request.tool, request.arguments, **more)
        if not decision.calls and decision.answer is None:
            yield self.step("decide", event, "nothing", {})
        if decision.answer is not None:
            yield self.step("answer", event, "", decision.answer, confidence=decision.confidence)

    def _ordinal(self, run_id: str, what: str, name: str) -> int:
        """Return which of a run's intents, or keys, this is, by the order in which they come up."""
        known = self._known.setdefault((run_id, what), {})
        return known.setdefault(name, len(known))

    def start_call(self, event: Event) -> Iterator[Step]:
        run_id, name = event.run_id or "", _site(event)
        if event.step is None:
            self._numbers[run_id] = self._numbers.get(run_id, 0) + 1
        arguments = event.payload.get("arguments", {})
        asked = (run_id, str(event.name), canonical_json(arguments))
        self._requests[event.seq] = asked
        attempt = event.payload.get("attempt")
        again = attempt > 1 if attempt is not None else asked in self._in_vain
        key = event.payload.get("idempotency_key")
        intent = None if key is None else self._ordinal(run_id, "key", key)
        yield self.step("retry" if again else "call", event, name, arguments, again=again, intent=intent)

    def end_call(self, event: Event) -> Iterator[Step]:
        asked = self._requests.get(event.payload.get("call", -1))
        if asked is not None and event.result != "ok":
            self._in_vain.add(asked)
        said = {"result": event.result, "error_type": event.error_type, "value": _spoken(event.payload)}
        yield self.step("reply", event, _site(event), {name: one for name, one in said.items() if one is not None})


def _spoken(payload: Mapping[str, Any]) -> Any:
    """Return the value of a reply; of a stream, its parts put together."""
    if "parts" not in payload:
        return payload.get("value")
    text = "".join(str(part[1]) for part in payload["parts"])
    try:
        return msgspec.json.decode(text) if payload.get("ending") == "complete" else text
    except msgspec.DecodeError:
        return text


def _site(event: Event) -> str:
    return str(event.name) if event.port in _SAME_PORT else f"{event.port}:{event.name}"


def _plain(
    kind: StepKind, said: Callable[[Mapping[str, Any], Event], Any]
) -> Callable[[_Reader, Event], Iterator[Step]]:
    def read(reader: _Reader, event: Event) -> Iterator[Step]:
        yield reader.step(kind, event, str(event.name or ""), said(event.payload, event))

    return read


def _some(*names: str) -> Callable[[Mapping[str, Any], Event], Any]:
    return lambda payload, event: {"event": event.kind} | {name: payload[name] for name in names if name in payload}


def _decision_of(payload: Mapping[str, Any], event: Event) -> Any:
    value = payload.get("value")
    return value if isinstance(value, dict) else {"result": event.result, "error_type": event.error_type}


def _begin(reader: _Reader, event: Event) -> Iterator[Step]:
    """Yield what a run may use up, where it says so."""
    if "max_steps" in event.payload:
        yield reader.step("start", event, "", {"max_steps": event.payload["max_steps"]})


def _end(payload: Mapping[str, Any], event: Event) -> Any:
    return _some("answer", "error", "where")(payload, event) | {"result": event.result}


_READERS: Mapping[str, Callable[[_Reader, Event], Iterator[Step]]] = {
    "run_started": _begin,
    "run_resumed": _plain("fault", _some()),
    "run_completed": _plain("end", _end),
    "trial_aborted": _plain("end", _end),
    "model_call_started": _Reader.ask_model,
    "model_call_completed": _Reader.hear_model,
    "model_call_failed": _Reader.end_call,
    "tool_call_started": _Reader.start_call,
    "tool_call_completed": _Reader.end_call,
    "tool_call_failed": _Reader.end_call,
    "approval_requested": _plain("approval", lambda payload, _event: payload.get("arguments", {}).get("arguments")),
    "approval_decided": _plain("approval", _decision_of),
    "policy_allowed": _plain("ruling", _some("verdict", "rule")),
    "policy_denied": _plain("ruling", _some("verdict", "rule")),
    "approval_queued": _plain("ruling", _some()),
    "retry_scheduled": _plain("retry", _some("attempt", "wait_s")),
    "breaker_opened": _plain("breaker", _some()),
    "breaker_half_opened": _plain("breaker", _some()),
    "breaker_closed": _plain("breaker", _some()),
    "kill_switch_tripped": _plain("breaker", _some()),
    "budget_exceeded": _plain("budget", _some("budget")),
    "budgets_scaled": _plain("fault", _some("factor")),
    "loop_detected": _plain("loop", _some("times")),
    "fallback_activated": _plain("fallback", _some("cause", "mode")),
    "fault_injected": _plain("fault", _some("kind")),
    "effect_committed": _plain("effect", _some("identity", "arguments")),
    "effect_deduplicated": _plain("effect", _some()),
}
