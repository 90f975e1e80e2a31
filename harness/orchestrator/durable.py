"""Durable runs: a session that writes down what it did, and on the next life answers from what is written.

The control round the planner is deterministic, so a run is resumed by running it again: calls that were answered before
the crash are answered from the log, at the times of the log, and nothing of them goes out twice. A call that was sent
and never answered has an unknown outcome, as one whose acknowledgement was lost.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from harness.boundary import Call, Reply, Session
from harness.history import EventKind, digest
from harness.orchestrator.run_log import Entry, RunLog
from harness.simulation import Clock

# A question to a person or a model has no effect: it is simply asked again.
_WITH_EFFECTS = ("tool", "memory", "agent")


class Durable:
    """One life of one run, between its agent and its log; it is the clock of that life as well."""

    def __init__(self, session: Session, log: RunLog) -> None:
        self._session = session
        self._log = log
        self._real: Clock = session.clock
        entries = log.entries(session.run_id)
        if session.log_lost and entries:
            self._write("lost")
            entries = []
        self._answers = {entry.key: entry for entry in entries if entry.kind == "answered"}
        self._sent = {entry.key for entry in entries if entry.kind == "sent"}
        self._emitted_before = sum(entry.kind == "emitted" for entry in entries)
        self._replayed_at_s = entries[0].at_s if entries else self._real.now()
        self._seen: Counter[str] = Counter()
        self.resumed = bool(entries)
        self.replayed_calls = len(self._answers)
        if not entries:
            self._write("begun")

    @property
    def session(self) -> Session:
        """The session to run with."""
        return replace(self._session, send=self._send, emit=self._emit, clock=self)

    def announce(self) -> None:
        """Say that a run goes on; not in the log, where the next life would look for it."""
        if self.resumed:
            payload = {"generation": self._session.generation, "replayed_calls": self.replayed_calls}
            self._session.emit("run_resumed", payload=payload)

    @property
    def _replaying(self) -> bool:
        return bool(self._answers)

    def now(self) -> float:
        """Return the time of the log while answers come from there, else the real one."""
        return self._replayed_at_s if self._replaying else self._real.now()

    async def sleep(self, seconds: float) -> None:
        """Wait, unless this wait was over before the crash."""
        if self._replaying:
            self._replayed_at_s += seconds
        else:
            await self._real.sleep(seconds)

    async def _send(self, call: Call) -> Reply:
        key = self._key(call)
        entry = self._answers.pop(key, None)
        if entry is not None:
            self._replayed_at_s = max(self._replayed_at_s, entry.at_s)
            assert entry.reply is not None
            return entry.reply
        if key in self._sent and call.port in _WITH_EFFECTS:
            reply = Reply("unknown", None, "timeout", "the process died before an answer came", retryable=True)
        else:
            self._write("sent", key=key, port=call.port, name=call.name, step=call.step)
            reply = await self._session.send(call)
        self._write("answered", key=key, port=call.port, name=call.name, step=call.step, reply=reply)
        return reply

    def _key(self, call: Call) -> str:
        what = f"{call.port}:{call.name}:{digest([call.arguments, call.step, call.attempt])[:16]}"
        self._seen[what] += 1
        return f"{what}:{self._seen[what]}"

    def _emit(self, kind: EventKind, *, step: int | None = None, **fields: Any) -> object:
        if self._emitted_before:
            self._emitted_before -= 1
            return None
        self._write("emitted", event=kind, step=step, fields=fields)
        return self._session.emit(kind, step=step, **fields)

    def _write(self, kind: Any, **fields: Any) -> None:
        self._log.append(self._session.run_id, Entry(kind, self._real.now(), **fields))
