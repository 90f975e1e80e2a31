"""Durable runs: a session that writes down what it did, and on the next life answers from what is written.

The control round the planner is deterministic, so a run is resumed by running it again: calls that were answered before
the crash are answered from the log, at the times of the log, and nothing of them goes out twice. A call that was sent
and never answered has an unknown outcome, as one whose acknowledgement was lost.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import msgspec

from harness.boundary import Call, Reply, Session
from harness.history import EventKind, digest
from harness.orchestrator.run_log import Entry, RunLog
from harness.orchestrator.steady_clock import SteadyClock
from harness.simulation import Clock

# A question to a person or a model has no effect: it is simply asked again.
_WITH_EFFECTS = ("tool", "memory", "agent")
# What was sent there goes on without an answer: it may take effect, and a person may think about it.
_OUT_THERE = (*_WITH_EFFECTS, "approval")
_HANDED_OUT = ("sent", "answered", "slept", "refused")
# What the parts tell that are shared with other runs: a new life does not pass there again.
_OF_SHARED_PARTS = ("breaker_opened", "breaker_half_opened", "breaker_closed", "kill_switch_tripped")
# So many turns of the loop is a line waited for; whatever comes later is not what the log expects.
PATIENCE = 1_000


class Durable:
    """One life of one run, between its agent and its log; it is the clock of that life as well.

    What the log holds is handed out in the order of the log, so that what went on at one time goes on in the same order
    again. When something is asked for that the log does not know, the rest of it is the work of another version: it is
    left aside, and the keys of the writes keep them from taking effect twice.
    """

    def __init__(self, session: Session, log: RunLog) -> None:
        self._session = session
        self._log = log
        entries = log.entries(session.run_id)
        self._real: Clock = SteadyClock(session.clock, max((entry.at_s for entry in entries), default=0.0))
        lost = session.log == "lost" and bool(entries)
        if session.log != "kept" and entries:
            self._write(session.log)
            entries = log.entries(session.run_id)
        self._lines = {f"{entry.kind} {entry.key}": entry for entry in entries if entry.kind in _HANDED_OUT}
        # What former lives have called, and this one has not come to.
        self._called = {one.key: one.name for one in entries if one.kind == "sent" and one.port in _WITH_EFFECTS}
        # What former lives have told, and this one may not tell again.
        self._told = Counter(entry.event for entry in entries if entry.kind == "emitted")
        self.began_at_s = entries[0].at_s if entries else self._real.now()
        self._replayed_at_s = self.began_at_s
        self._seen: Counter[str] = Counter()
        self._sends, self._torn = _sends(entries)
        self.resumed = bool(entries)
        self.answers_from_log = False
        self.replayed_calls = sum(entry.kind == "answered" for entry in entries)
        # Whether an earlier life may have done what this one knows nothing of.
        self.has_forgotten = lost or any("forgotten" in entry.fields for entry in entries[:1])
        if not entries:
            self._write("begun", fields={"forgotten": True} if lost else {})

    @property
    def in_doubt(self) -> bool:
        """Whether the next call may have been sent already, in a line that can not be read."""
        return self._torn > 0

    @property
    def left_behind(self) -> frozenset[str]:
        """The tools that earlier lives have called where this one has not: under other rules, or by another way."""
        return frozenset(self._called.values())

    @property
    def session(self) -> Session:
        """The session to run with."""
        return replace(self._session, send=self._send, emit=self._emit, clock=self, budget_factor=self._budget_factor)

    def announce(self) -> None:
        """Say that a run goes on; not in the log, where the next life would look for it."""
        if self.resumed:
            payload: dict[str, Any] = {
                "generation": self._session.generation,
                "replayed_calls": self.replayed_calls,
            }
            if self.in_doubt:
                payload["log"] = "torn"
            self._session.emit("run_resumed", payload=payload)

    def now(self) -> float:
        """Return the time of the log while answers come from there, else the real one."""
        return self._replayed_at_s if self._is_behind() else self._real.now()

    def _is_behind(self) -> bool:
        """Whether a former life has done what comes next; what it only asked for is asked for now."""
        return bool(self._lines) and any(one.kind != "sent" or one.port in _OUT_THERE for one in self._lines.values())

    def _budget_factor(self, at_s: float | None) -> float:
        """Scale budgets as they were scaled at the time of the log, while answers come from there."""
        return self._session.budget_factor(self._replayed_at_s if at_s is None and self._is_behind() else at_s)

    async def refuses(self, what: str, refused_now: Callable[[], bool]) -> bool:
        """Decide on what other runs have a say in; while the log lasts, as it was decided then."""
        key = self._key(f"refused {what}")
        if self._lines:
            return f"refused {key}" in self._lines and await self._logged(f"refused {key}") is not None
        refused = refused_now()
        if refused:
            self._write("refused", key=key)
        return refused

    async def sleep(self, seconds: float) -> None:
        """Wait, unless this wait was over before the crash."""
        key = self._key(f"sleep {seconds!r}")
        if await self._logged(f"slept {key}") is None:
            await self._real.sleep(seconds)
            self._write("slept", key=key)

    async def _send(self, call: Call) -> Reply:
        key = self._key(_what(call))
        self._called.pop(key, None)
        sent = await self._logged(f"sent {key}")
        answered = await self._logged(f"answered {key}")
        self.answers_from_log = answered is not None
        if answered is not None:
            assert answered.reply is not None
            return answered.reply
        if sent is None:
            self._told.clear()  # whatever a former life has told, it told before this
        may_have_been_sent, self._torn = sent is not None or self.in_doubt, 0
        is_lost = may_have_been_sent and call.port in _WITH_EFFECTS
        if sent is None or not is_lost:
            self._write("sent", key=key, port=call.port, name=call.name, step=call.step)
        if is_lost:
            reply = Reply("unknown", None, "timeout", "the process died before an answer came", retryable=True)
        else:
            if sent is not None and call.port == "approval":
                call = self._with_what_is_left(call, sent.at_s)
            reply = await self._session.send(call)
        self.answers_from_log = False  # while this one was under way, another may have been
        self._write("answered", key=key, port=call.port, name=call.name, step=call.step, reply=reply)
        return reply

    def sent_in_vain(self, call: Call, attempt: int) -> int:
        """Return how often former lives have sent what is to be sent next, less the one time that it counts as now."""
        if not self.resumed:
            return 0
        what = _what(msgspec.structs.replace(call, attempt=attempt))
        key = f"{what}:{self._seen[what] + 1}"
        sent = self._sends[key]
        if f"answered {key}" in self._lines or call.port in _WITH_EFFECTS:
            return max(0, sent - 1)
        return sent + self._torn

    def _with_what_is_left(self, question: Call, asked_at_s: float) -> Call:
        """Return a question that is asked again, with the patience that is left of the first time."""
        waited_s = max(0.0, self._real.now() - asked_at_s)
        return msgspec.structs.replace(question, timeout_s=max(0.0, question.timeout_s - waited_s))

    async def _logged(self, name: str) -> Entry | None:
        """Wait for the turn of a line and return it; None, at the end of the log, for one that it does not hold."""
        line = name if name in self._lines else None
        for _ in range(PATIENCE):
            if next(iter(self._lines), None) == line:
                break
            await asyncio.sleep(0)
        else:
            self._lines.clear()
        entry = self._lines.pop(name, None)
        if entry is not None:
            self._replayed_at_s = entry.at_s
        return entry

    def _key(self, what: str) -> str:
        self._seen[what] += 1
        return f"{what}:{self._seen[what]}"

    def _emit(self, kind: EventKind, *, step: int | None = None, **fields: Any) -> object:
        if self._told[kind] and kind not in _OF_SHARED_PARTS:
            self._told[kind] -= 1
            return None
        self._write("emitted", event=kind, step=step, fields=fields)
        return self._session.emit(kind, step=step, **fields)

    def _write(self, kind: Any, **fields: Any) -> None:
        self._log.append(self._session.run_id, Entry(kind, self._real.now(), **fields))


def _what(call: Call) -> str:
    """Name what a call asks for, the same in every life."""
    return f"{call.port}:{call.name}:{digest([call.arguments, call.step, call.attempt])[:16]}"


def _sends(entries: Iterable[Entry]) -> tuple[Counter[str], int]:
    """Return how often each call was sent at most, and how often the next one may have been.

    Each line that can not be read may say that the call which was sent after it had been sent before. What may take
    effect is not sent again after such a line.
    """
    sends: Counter[str] = Counter()
    torn = 0
    for entry in entries:
        if entry.kind == "torn":
            torn += 1
        elif entry.kind in ("sent", "answered"):
            if entry.kind == "sent":
                sends[entry.key] += 1 + (0 if entry.port in _WITH_EFFECTS else torn)
            torn = 0
    return sends, torn
