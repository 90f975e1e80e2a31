"""Crowds: others take the places of a tool, all at once, or again and again in waves.

Harm: who does not wait is turned away again and again; who retries in step with everybody else keeps the tool down.
Seen when a job starts at the full hour, and behind every outage: all callers come back at one time. A good agent backs
off with jitter, keeps its own number of calls small, and stops when the retries of the run are used up.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated

from pydantic import Field

from harness.boundary import Frozen, Simulation, SimulationFault, Undo

Seconds = Annotated[float, Field(ge=0)]


class CrowdOptions(Frozen):
    """During each of ``spans`` (from, to; seconds since the window began), ``tool`` (a glob) has ``places`` left."""

    tool: str = "*"
    places: Annotated[int, Field(ge=0)] = 0
    spans: Annotated[tuple[tuple[Seconds, Seconds], ...], Field(min_length=1)] = ((0.0, 20.0),)


def take_places(options: CrowdOptions, simulation: Simulation) -> Undo:
    """Let others come and go; at the end of the window they are gone."""
    loop = asyncio.get_running_loop()
    timers = []
    for begin_s, end_s in options.spans:
        timers.append(loop.call_later(begin_s, partial(simulation.leave_places, options.tool, options.places)))
        timers.append(loop.call_later(end_s, partial(simulation.leave_places, options.tool, None)))

    def undo() -> None:
        for timer in timers:
            timer.cancel()
        simulation.leave_places(options.tool, None)

    return undo


KINDS = (
    SimulationFault(
        "crowd",
        "process",
        CrowdOptions,
        take_places,
        variants={
            "concurrency burst": {"spans": [[0, 8]]},
            "thundering herd of retries": {"spans": [[0, 15], [16, 21], [22, 27], [28, 33]]},
        },
    ),
)
