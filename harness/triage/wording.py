"""Steps in words: what each side did, for people to read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.history import canonical_json
from harness.triage.steps import Step

LONGEST = 60  # characters of one argument


def is_decided(step: Step) -> bool:
    """Whether a step is what a person has said, and not the question."""
    return step.kind == "approval" and isinstance(step.said, dict) and bool({"decision", "result"} & step.said.keys())


def told(step: Step | None, beside: Step | None = None) -> str:
    """Say what one side did; ``beside`` is what the other one did, from which an equal request is told apart."""
    if step is None:
        return "did nothing more"
    if step.kind in ("decide", "call") or (step.kind == "retry" and step.again):
        verb = "wanted" if step.kind == "decide" else "called"
        return (
            f"{verb} {step.name}({_arguments(step.said)}){' once more' if step.again else ''}{_sureness(step, beside)}"
        )
    return _WORDS[step.kind](step)


def _sureness(step: Step, beside: Step | None) -> str:
    """Tell apart two equal requests: by how sure the planner was, by the intent, or by the key."""
    if beside is None or (step.kind, step.name, step.said) != (beside.kind, beside.name, beside.said):
        return ""
    if step.intent != beside.intent:
        what = "intent" if step.kind == "decide" else "key"
        return f" with no {what}" if step.intent is None else f" with {what} {step.intent + 1}"
    return "" if step.confidence in (None, beside.confidence) else f", {step.confidence:g} sure"


def _got(step: Step) -> str:
    value = step.said.get("value", "")
    if step.said.get("result") == "ok":
        return f"got from {step.name}: {_short(value)}"
    return f"got no result from {step.name}: {step.said.get('error_type') or step.said.get('result')}"


def _answered(step: Step) -> str:
    said = step.said or {}
    if is_decided(step):
        return f"was told {said.get('decision') or 'nothing'} about {step.name}"
    return f"asked a person about {step.name}({_arguments(said)})"


_WORDS: dict[str, Callable[[Step], str]] = {
    "answer": lambda step: f"answered: {_short(step.said)}",
    "end": lambda step: f"ended: {_arguments(step.said)}",
    "start": lambda step: f"began with {_arguments(step.said)}",
    "role": lambda step: f"said as {step.name}: {_short(step.said)}",
    "ruling": lambda step: f"was ruled on {step.name}: {_arguments(step.said) or 'queued for a person'}",
    "approval": _answered,
    "reply": _got,
    "retry": lambda step: (
        f"is to try {step.name} again, attempt {step.said.get('attempt')} after {step.said.get('wait_s', 0):.3g} s"
    ),
    "breaker": lambda step: f"{step.said['event'].replace('_', ' ')} {step.name}".rstrip(),
    "budget": lambda step: f"ran out of {step.said.get('budget', 'its budget')}",
    "loop": lambda step: f"was found in a loop at {step.name}",
    "fallback": lambda step: f"fell back: {_arguments(step.said)}",
    "fault": lambda step: f"met a fault: {step.said.get('kind') or step.said['event']}",
    "effect": lambda step: f"changed the world by {step.name}: {_arguments(step.said)}",
}


def _arguments(said: Any) -> str:
    if not isinstance(said, dict):
        return _short(said)
    return ", ".join(f"{name}={_short(value)}" for name, value in said.items() if name != "event")


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else canonical_json(value).decode()
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
