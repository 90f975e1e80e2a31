"""The simulation: asyncio code runs in virtual time, as a pure function of its inputs.

``simulate`` runs one coroutine. Time starts at 0 and jumps from timer to timer; clocks, chance and threads are the
simulation's own; sockets, DNS and processes are fenced off; and whatever would not end is ended, by an error that
names the coroutines. ``draw`` is addressed chance: a hash, not a generator.

Nothing comes in here but ``harness.errors``; what an agent, a tool or a world is, this room does not know.
"""

from harness.simulation.clock import Clock, VirtualClock, WallClock, elapsed_s
from harness.simulation.entry import simulate
from harness.simulation.state import EPOCH_S, Limits, Schedule
from harness.simulation.streams import BranchedSeed, derive_seed, draw

__all__ = [
    "EPOCH_S",
    "BranchedSeed",
    "Clock",
    "Limits",
    "Schedule",
    "VirtualClock",
    "WallClock",
    "derive_seed",
    "draw",
    "elapsed_s",
    "simulate",
]
