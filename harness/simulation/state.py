"""The state of one simulation, and which simulation is active on which thread.

Everything that must not outlive a simulation hangs on one ``Simulation`` object: the time, the counters, the
entropy, the first breach. Whoever needs it (a patched ``time.sleep``, the audit hook, the clock) finds it by thread.
"""

from __future__ import annotations

import itertools
import math
from asyncio import AbstractEventLoop
from dataclasses import dataclass
from random import Random
from threading import get_ident
from typing import Any, Literal, TypeVar

from harness.errors import SimulationError, VirtualTimeLimit
from harness.simulation.describe import caller, coroutines
from harness.simulation.streams import derive_seed, present

EPOCH_S = 1_767_225_600.0
"""What the wall clock reads at time 0: 2026-01-01T00:00:00Z."""

MICROSECONDS = 1_000_000
COLLECT_EVERY_STEPS = 10_000
DRAIN_STEPS = 100_000
DRAIN_VIRTUAL_S = 3_600.0

Schedule = Literal["fifo", "seeded"]
ErrorT = TypeVar("ErrorT", bound=SimulationError)


@dataclass(frozen=True)
class Limits:
    """How long a simulation may go on: virtual seconds, loop iterations, real seconds; ``inf`` for no limit."""

    virtual_s: float = 7 * 86_400.0
    steps: float = 1_000_000
    wall_s: float = 60.0


class Simulation:
    """One simulation: its time, its counters, its entropy, and the first thing that went wrong."""

    def __init__(self, seed: int, epoch_s: float, limits: Limits, schedule: Schedule) -> None:
        self.seed = seed
        self.limits = limits
        self.thread_id = get_ident()
        self.loop: AbstractEventLoop | None = None
        self.now_s = 0.0
        self.virtual_limit_s = limits.virtual_s
        self.sequence = itertools.count(1)
        self.steps = 0
        self.step_limit = limits.steps
        self.checkpoint: float = 0
        self.overran = False
        self.overrun_text = ""
        self.draining = False
        self.first_breach: SimulationError | None = None
        self._pending: SimulationError | None = None
        self._epoch_us = round(epoch_s * MICROSECONDS)
        self._skew_us = 0
        self.interleaving = Random(derive_seed(seed, "schedule")) if schedule == "seeded" else None  # noqa: S311
        self._generators: dict[tuple[str, int], Random] = {}
        self.uuid_memory: dict[str, Any] = {}
        self.plan_checkpoint()

    # Time.

    def pass_time(self, seconds: float) -> None:
        """Move the time on while nothing else has a turn, as a blocking call does."""
        self.now_s = round((self.now_s + seconds) * MICROSECONDS) / MICROSECONDS
        if self.now_s > self.virtual_limit_s:
            raise self.breach(
                VirtualTimeLimit(
                    f"{caller(self.loop)} slept past the virtual time limit of {self.limits.virtual_s:g} s"
                )
            )

    @property
    def skew_s(self) -> float:
        """How far the wall clock is off."""
        return self._skew_us / MICROSECONDS

    def skew(self, seconds: float) -> None:
        """Move what the wall clock reads; timers and the monotonic clock do not notice."""
        self._skew_us += round(seconds * MICROSECONDS)

    def epoch_ns(self) -> int:
        """Return what the wall clock reads; integers, because a float has no nanoseconds left after 1970."""
        return (self._epoch_us + self._skew_us + round(self.now_s * MICROSECONDS)) * 1_000

    # Entropy: foreign code draws in sequence, so each kind has its own stream.

    @property
    def random(self) -> Random:
        """What the functions of the ``random`` module draw from."""
        return self._generator("random")

    @property
    def entropy(self) -> Random:
        """What ``os.urandom`` and all that rests on it draw from."""
        return self._generator("entropy")

    def _generator(self, stream: str) -> Random:
        of_now = stream, present(self.seed)
        if of_now not in self._generators:
            self._generators[of_now] = Random(derive_seed(self.seed, stream))  # noqa: S311
        return self._generators[of_now]

    # Breaches.

    def breach(self, error: ErrorT) -> ErrorT:
        """Remember ``error`` and return it to be raised.

        Agents catch ``Exception``; a breach that was swallowed stops the loop at its next turn all the same.
        """
        if self.first_breach is None:
            self.first_breach = error
        if self._pending is None:
            self._pending = error
        self.checkpoint = 0
        return error

    def take_pending(self) -> SimulationError | None:
        """Return the breach that the loop has not raised yet, once."""
        pending, self._pending = self._pending, None
        return pending

    def overrun(self, busy_at: str) -> None:
        """Note that the real time is used up; called by the watchdog, from its own thread.

        The coroutines are named now: by the time the loop has its next turn, the busy one may be gone.
        """
        names = "" if self.loop is None else coroutines(self.loop)
        limit_s = self.limits.wall_s
        busy = f", busy at {busy_at}" if busy_at else ""
        self.overrun_text = f"the limit of {limit_s:g} s of real time is used up{busy}: {names} (t = {self.now_s:g} s)"
        self.overran = True
        self.checkpoint = 0

    def plan_checkpoint(self) -> None:
        """Set the step at which the loop next looks beyond its queue: for garbage, or for the step limit."""
        periodic = (self.steps // COLLECT_EVERY_STEPS + 1) * COLLECT_EVERY_STEPS
        self.checkpoint = min(self.step_limit, periodic)

    def begin_drain(self) -> None:
        """Give what is left to be cancelled an allowance of its own; the main one may be used up."""
        self._pending = None
        self.overran = False
        self.draining = True
        self.step_limit = self.steps + DRAIN_STEPS
        if math.isfinite(self.virtual_limit_s):
            self.virtual_limit_s = max(self.virtual_limit_s, self.now_s + DRAIN_VIRTUAL_S)
        self.plan_checkpoint()


ACTIVE: dict[int, Simulation] = {}
"""The active simulations by thread; a thread that is not in it belongs to the real world."""


def active() -> Simulation | None:
    """Return the simulation of this thread, if there is one."""
    return ACTIVE.get(get_ident())
