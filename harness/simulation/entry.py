"""``simulate``: run a coroutine in virtual time, from a clean start to a clean end."""

from __future__ import annotations

import math
from asyncio import _get_running_loop
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from harness.errors import SimulationError, UsageError, WallClockLimit
from harness.simulation.loop import SimLoop
from harness.simulation.patches import the_patches
from harness.simulation.state import EPOCH_S, Limits, Schedule, Simulation, active
from harness.simulation.watchdog import DRAIN_ALLOWANCE_S, WATCHDOG, Overrun, Watch

T = TypeVar("T")
Main = Callable[[], Coroutine[Any, Any, T]]

NO_LIMITS_GIVEN = Limits()


def simulate(
    main: Main[T],
    *,
    seed: int = 0,
    epoch_s: float = EPOCH_S,
    limits: Limits = NO_LIMITS_GIVEN,
    schedule: Schedule = "fifo",
) -> T:
    """Run ``main()`` in virtual time and return what it returns.

    Every call has an event loop of its own, and nothing of it survives: what is left at the end is cancelled.
    ``seed`` is what all chance inside comes from, ``epoch_s`` what the wall clock reads at the start. With the
    schedule ``fifo``, what is due at one instant runs in the order in which it was asked for; with ``seeded``, in
    an order that ``seed`` decides.

    Raises a ``SimulationError`` if the simulation could not go on, even where the code under it caught that error.
    """
    _refuse_to_nest()
    patches = the_patches()
    simulation = Simulation(seed, epoch_s, limits, schedule)
    patches.enter(simulation)
    try:
        return _run(simulation, main)
    finally:
        patches.leave(simulation)


def _refuse_to_nest() -> None:
    # Work that runs inline has no running loop, but has a simulation.
    if active() is not None or _get_running_loop() is not None:
        raise UsageError("simulate() starts a loop of its own; call it where no event loop is running on the thread")


def _run(simulation: Simulation, main: Main[T]) -> T:
    loop = simulation.loop = SimLoop(simulation)
    wall_s = simulation.limits.wall_s
    watch = None if wall_s == math.inf else WATCHDOG.arm(wall_s, simulation.overrun)
    failure: BaseException | None = None
    try:
        result = _main_then_rest(loop, main, watch)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001
        failure = error
    finally:
        if watch is not None:
            WATCHDOG.disarm(watch)
        loop.close()
        simulation.loop = None  # else the two would keep each other, and all that hangs on them, for the collector
    if isinstance(failure, Overrun):
        _note_overrun(simulation)
    _raise_first(simulation.first_breach, failure)
    return result


def _raise_first(breach: SimulationError | None, failure: BaseException | None) -> None:
    """Raise the breach, wherever it has got lost; what ``main`` made of it is the lesser news."""
    if breach is not None and breach is not failure:
        raise breach from failure
    if failure is not None:
        raise failure


def _main_then_rest(loop: SimLoop, main: Main[T], watch: Watch | None) -> T:
    try:
        return loop.run_until_complete(loop.create_task(main()))
    finally:
        _note_overrun(loop.simulation)
        if watch is not None:
            WATCHDOG.grant(watch, DRAIN_ALLOWANCE_S)
        _drain(loop)


def _drain(loop: SimLoop) -> None:
    """Cancel what is left, within limits of its own; abandon what does not let itself be cancelled."""
    loop.simulation.begin_drain()
    try:
        loop.drain()
    except SimulationError:
        loop.abandon()
    except Overrun:
        _note_overrun(loop.simulation)
        loop.abandon()


def _note_overrun(simulation: Simulation) -> None:
    """Make the watchdog's note a breach, if the loop had no turn any more to do so."""
    if simulation.overran:
        simulation.breach(WallClockLimit(simulation.overrun_text))
