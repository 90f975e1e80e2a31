"""The run record: where a run stands, rebuilt from its log at any time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from harness.orchestrator.run_log import Entry, RunLog

RunState = Literal["running", "parked", "completed", "halted", "failed", "queued"]


class RunRecord(msgspec.Struct, frozen=True):
    """Where a run stands; ``deadline_at_s`` is epoch seconds, ``outcome`` what it said at its end."""

    run_id: str
    user: str = ""
    tenant: str = ""
    mode: str = ""
    state: RunState = "running"
    step: int = 0
    max_steps: int = 0
    deadline_at_s: float = 0.0
    cost_usd: float = 0.0
    tokens_in: int = 0
    tokens_out: int = 0
    tools_called: tuple[str, ...] = ()
    last_error: str | None = None
    outcome: str | None = None


def run_record(log: RunLog, run_id: str) -> RunRecord | None:
    """Fold the log of a run into its record; None for a run that never began."""
    entries = log.entries(run_id)
    return _fold(RunRecord(run_id), entries) if entries else None


def _fold(record: RunRecord, entries: Iterable[Entry]) -> RunRecord:
    for entry in entries:
        if entry.kind == "emitted":
            record = _after_event(record, entry)
        elif entry.kind == "answered":
            record = _after_answer(record, entry)
    return record


def _after_event(record: RunRecord, entry: Entry) -> RunRecord:
    payload = entry.fields.get("payload", {})
    if entry.event == "run_started":
        known = ("user", "tenant", "mode", "max_steps", "deadline_at_s")
        return msgspec.structs.replace(record, **{name: payload[name] for name in known})
    if entry.event == "run_parked":
        return msgspec.structs.replace(record, state="parked")
    if entry.event == "run_completed":
        return msgspec.structs.replace(record, state=entry.fields["result"], outcome=payload["answer"])
    return record


def _after_answer(record: RunRecord, entry: Entry) -> RunRecord:
    reply = entry.reply
    assert reply is not None
    changed = {"state": "running", "step": max(record.step, entry.step or 0)}
    if reply.usage is not None:
        changed |= {
            "cost_usd": record.cost_usd + (reply.usage.cost_usd or 0.0),
            "tokens_in": record.tokens_in + reply.usage.tokens_in,
            "tokens_out": record.tokens_out + reply.usage.tokens_out,
        }
    if entry.port not in ("model", "approval", "store"):
        changed["tools_called"] = (*record.tools_called, entry.name)
    if not reply.ok:
        changed["last_error"] = f"{entry.name}: {reply.error_type}: {reply.message}"
    return msgspec.structs.replace(record, **changed)
