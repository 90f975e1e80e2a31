"""The watchdog: one daemon thread that ends simulations which use up their real time.

It first leaves a note that the loop reads at its next turn. Code that gives the loop no turn is interrupted: on the
main thread by a signal, which also ends blocking calls, elsewhere by an asynchronous exception, which can not.
"""

from __future__ import annotations

import ctypes
import math
import os
import signal
import sys
import threading
from collections.abc import Callable
from time import monotonic
from types import FrameType
from typing import Any

from harness.simulation.describe import place_of

# The signal that Go chose for the same purpose: nobody else uses it, and by default it does nothing.
INTERRUPT = signal.SIGURG
NUDGE_EVERY_S = 0.01
DRAIN_ALLOWANCE_S = 1.0


class Overrun(BaseException):
    """Raised by the watchdog in the middle of whatever is busy; ``simulate`` turns it into ``WallClockLimit``."""


class Watch:
    """One thread that must be done by a deadline."""

    def __init__(self, thread_id: int, deadline_s: float, note: Callable[[str], None]) -> None:
        self.thread_id = thread_id
        self.deadline_s = deadline_s
        self.note = note
        self.noted = False
        self.interrupting = False
        self.on_main_thread = thread_id == threading.main_thread().ident
        self.previous_handler: Any = None


class Watchdog:
    """Watches every simulation of the process, from one thread that is started when first needed."""

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        # A plain lock: an interrupt inside of Condition's Python code could leave it locked for ever.
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._watches: set[Watch] = set()
        self._wakes_at_s = math.inf
        self._thread: threading.Thread | None = None

    def arm(self, allowance_s: float, note: Callable[[str], None]) -> Watch:
        """Watch this thread for ``allowance_s`` seconds from now."""
        watch = Watch(threading.get_ident(), monotonic() + allowance_s, note)
        if watch.on_main_thread:
            watch.previous_handler = signal.signal(INTERRUPT, self._interrupt_main)
        with self._lock:
            self._watches.add(watch)
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="harness-watchdog", daemon=True)
                self._thread.start()
            early = watch.deadline_s < self._wakes_at_s
        if early:  # rarely: the thread mostly sleeps towards the deadline of an earlier simulation
            self._wake.set()
        return watch

    def grant(self, watch: Watch, allowance_s: float) -> None:
        """See to it that the thread has at least ``allowance_s`` from now, to cancel what is left."""
        with self._lock:
            watch.deadline_s = max(watch.deadline_s, monotonic() + allowance_s)
            watch.noted = watch.interrupting = False

    def disarm(self, watch: Watch) -> None:
        """Stop watching; no interrupt comes after this returns."""
        while True:
            try:
                self._stop(watch)
            except Overrun:  # it came while we were at it; begin again
                continue
            return

    def _stop(self, watch: Watch) -> None:
        with self._lock:
            self._watches.discard(watch)
            interrupted, watch.interrupting = watch.interrupting, False
        if watch.on_main_thread:
            signal.signal(INTERRUPT, watch.previous_handler)
        elif interrupted:
            _raise_in_thread(watch.thread_id, None)

    def _interrupt_main(self, _signal: int, _frame: FrameType | None) -> None:
        if any(watch.interrupting and watch.on_main_thread for watch in list(self._watches)):
            raise Overrun

    def _watch(self) -> None:
        while True:
            with self._lock:
                now_s = monotonic()
                for watch in self._watches:
                    if watch.deadline_s <= now_s:
                        _bark(watch, now_s)
                self._wakes_at_s = min((watch.deadline_s for watch in self._watches), default=math.inf)
                self._wake.clear()
            self._wake.wait(max(0.0, min(self._wakes_at_s - now_s, threading.TIMEOUT_MAX)))


def _bark(watch: Watch, now_s: float) -> None:
    """Leave the note first; interrupt when that did not help."""
    watch.deadline_s = now_s + NUDGE_EVERY_S
    if not watch.noted:
        watch.noted = True
        watch.note(place_of(sys._current_frames().get(watch.thread_id)))  # noqa: SLF001
    else:
        watch.interrupting = True
        if watch.on_main_thread:
            signal.pthread_kill(watch.thread_id, INTERRUPT)
        else:
            _raise_in_thread(watch.thread_id, Overrun)


def _raise_in_thread(thread_id: int, kind: type[BaseException] | None) -> None:
    """Set the asynchronous exception of a thread, or take back one that was not raised yet."""
    exception = ctypes.py_object() if kind is None else ctypes.py_object(kind)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread_id), exception)


WATCHDOG = Watchdog()
os.register_at_fork(after_in_child=WATCHDOG._forget)  # noqa: SLF001
