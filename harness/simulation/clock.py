"""The clock that the engine and its orchestrator see: ``now`` and ``sleep``, nothing else."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

from harness.errors import UsageError
from harness.simulation.state import EPOCH_S, Simulation, active


class Clock(Protocol):
    """Epoch time, and a way to wait."""

    def now(self) -> float:
        """Return the seconds since 1970."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class VirtualClock:
    """The clock of the simulation that is active on this thread; outside of one it stands at the epoch."""

    def __init__(self, epoch_s: float = EPOCH_S) -> None:
        self._epoch_s = epoch_s

    def now(self) -> float:
        """Return the epoch, plus the virtual time, plus the skew."""
        simulation = active()
        return self._epoch_s if simulation is None else self._epoch_s + simulation.now_s + simulation.skew_s

    async def sleep(self, seconds: float) -> None:
        """Wait in virtual time."""
        await asyncio.sleep(seconds)

    def skew(self, seconds: float) -> None:
        """Move what wall clocks read by ``seconds``, on top of earlier moves; timers do not move.

        It holds for ``time.time`` and ``datetime.now`` as well, and ends with the simulation.
        """
        _simulation().skew(seconds)


class WallClock:
    """Real time, for trials that must take it."""

    def now(self) -> float:
        """Return the seconds since 1970."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Wait in real time."""
        await asyncio.sleep(seconds)


def elapsed_s() -> float:
    """Return the virtual seconds since the simulation of this thread began."""
    return _simulation().now_s


def _simulation() -> Simulation:
    simulation = active()
    if simulation is None:
        raise UsageError("no simulation is active on this thread; call this from inside simulate()")
    return simulation
