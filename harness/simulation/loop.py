"""The event loop: virtual time, a fixed order for everything, and an end to whatever would not end.

It is asyncio's own loop with a ``Timeline`` where the selector would be, which sets the time instead of waiting for
it, and with the tasks, futures and timers of ``order``.
"""

from __future__ import annotations

import asyncio
import gc
import heapq
import math
from asyncio import Future, Handle, Task, TimerHandle, all_tasks
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import suppress
from contextvars import Context
from threading import current_thread, get_ident
from typing import Any, NoReturn, TypeVar, TypeVarTuple, cast

from harness.errors import Deadlock, Fence, SimulationError, StepLimit, VirtualTimeLimit, WallClockLimit
from harness.simulation.describe import caller, coroutines
from harness.simulation.fences import FencedLoop
from harness.simulation.order import LivingGenerators, SimFuture, SimTask, SimTimer
from harness.simulation.state import MICROSECONDS, Simulation
from harness.simulation.threads import run_inline

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Timeline:
    """Stands where the selector would: where a real loop waits for time to pass, this one sets the time."""

    def __init__(self, loop: SimLoop) -> None:
        self._loop = loop
        self._simulation = loop.simulation

    def select(self, timeout: float | None) -> tuple[()]:
        """Begin a turn of the loop, and jump to the next timer if nothing is ready."""
        simulation = self._simulation
        simulation.steps += 1
        if simulation.steps >= simulation.checkpoint:
            self._look_around()
        if simulation.interleaving is not None:
            self._loop.interleave()
        if timeout != 0:
            self._jump(timeout)
        return ()

    def _jump(self, timeout: float | None) -> None:
        # Exactly to the timer, never by adding the timeout: sums of floats drift.
        when_s = math.inf if timeout is None else self._loop.next_timer_s()
        if when_s == math.inf:
            self._loop.end(Deadlock, "nothing is ready and no timer is set, so nothing can wake")
        if when_s > self._simulation.virtual_limit_s:
            limit_s = self._simulation.limits.virtual_s
            self._loop.end(VirtualTimeLimit, f"the next timer is behind the limit of {limit_s:g} s of virtual time")
        self._simulation.now_s = when_s

    def _look_around(self) -> None:
        simulation = self._simulation
        simulation.plan_checkpoint()
        if simulation.overran:
            raise simulation.breach(WallClockLimit(simulation.overrun_text))
        pending = simulation.take_pending()
        if pending is not None:
            raise pending
        if simulation.steps >= simulation.step_limit:
            self._loop.end(StepLimit, f"the limit of {simulation.limits.steps:g} steps is used up")
        # Garbage may hold async generators, whose finalizers schedule work: collect it at a fixed step.
        gc.collect(1)

    def close(self) -> None:
        """Nothing is open."""


class SimLoop(FencedLoop):
    """The event loop of a simulation."""

    _ready: Any
    _scheduled: list[TimerHandle]
    _asyncgens: Any
    _check_closed: Callable[[], None]

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self._ties = 0
        super().__init__()
        self._selector: Timeline | None = Timeline(self)
        self._asyncgens = LivingGenerators()
        self._closers: set[Task[Any]] = set()
        self._awaited: Future[Any] | None = None
        # Timers due within half a grid step are due now. A resolution below the float's own would spin for ever.
        self._clock_resolution = 0.5 / MICROSECONDS

    # What a loop on BaseEventLoop must bring.

    def _process_events(self, events: tuple[()]) -> None:
        """No events come from outside."""

    def _write_to_self(self) -> None:
        """No thread may wake this loop."""

    def close(self) -> None:
        """Close the loop, and break the cycle with its timeline."""
        super().close()
        self._selector = None

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """No executor was ever started."""

    # Time.

    def time(self) -> float:
        """Return the virtual seconds since the simulation began."""
        return self.simulation.now_s

    def next_timer_s(self) -> float:
        """Return when the earliest timer is due."""
        return self._scheduled[0].when()

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> TimerHandle:
        """Set a timer, on a grid of one microsecond: 0.1 + 0.2 is 0.3 here."""
        self._check_closed()
        if when != math.inf:
            when = round(when * MICROSECONDS) / MICROSECONDS
        timer = SimTimer(when, callback, args, self, context)
        timer.schedule(self._next_tie())
        heapq.heappush(self._scheduled, timer)
        return timer

    def _next_tie(self) -> float:
        self._ties += 1
        interleaving = self.simulation.interleaving
        return self._ties if interleaving is None else interleaving.random()

    def interleave(self) -> None:
        """Shuffle the task steps that are ready; plain callbacks keep their places, as asyncio promises."""
        interleaving = self.simulation.interleaving
        if interleaving is None or len(self._ready) < 2:  # noqa: PLR2004
            return
        places = [place for place, handle in enumerate(self._ready) if _is_task_step(handle)]
        steps = [self._ready[place] for place in places]
        interleaving.shuffle(steps)
        for place, step in zip(places, steps, strict=True):
            self._ready[place] = step

    # Tasks, futures, threads.

    def create_future(self) -> SimFuture[Any]:
        """Return a future that sets can hold in order."""
        return SimFuture(loop=self)

    def create_task(  # type: ignore[override]
        self, coro: Coroutine[Any, Any, T], *, name: str | None = None, **options: Any
    ) -> Task[T]:
        """Return a task that sets can hold in order; its default name counts from 1 in every simulation."""
        if self.get_task_factory() is not None:
            return super().create_task(coro, name=name, **options)
        self._check_closed()
        task = SimTask(coro, loop=self, name="" if name is None else name, **options)
        if name is None:
            task.set_name(f"Task-{hash(task)}")
        return task

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> SimFuture[T]:  # type: ignore[override]  # noqa: ARG002
        """Run ``func`` on this thread, at a turn of the loop of its own; see ``threads``."""
        future = self.create_future()
        self.call_soon(run_inline, self.simulation, future, func, args)
        return future

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> Handle:
        """Schedule ``callback``, for callers on the simulation's own thread.

        Another thread would call at an instant that depends on the machine, and no two runs would be equal.
        """
        if get_ident() != self.simulation.thread_id:
            name = current_thread().name
            raise self.simulation.breach(
                Fence(
                    f"{caller(None)} tried to wake the simulation from thread {name!r}; "
                    "run that work with asyncio.to_thread, which is simulated"
                )
            )
        return self.call_soon(callback, *args, context=context)

    def _asyncgen_finalizer_hook(self, agen: Any) -> None:
        """Close a generator that nobody holds any more, at the next turn, or in the drain if there is none.

        asyncio would make the coroutine that closes it here, and lose it if the loop has just stopped.
        """
        if not self.is_closed():
            self._asyncgens.add(agen)
            if get_ident() == self.simulation.thread_id:
                self.call_soon(self._close_generator, agen)

    def _close_generator(self, agen: Any) -> None:
        if agen in self._asyncgens:
            self._asyncgens.discard(agen)
            closer = self.create_task(agen.aclose())
            self._closers.add(closer)
            closer.add_done_callback(self._closers.discard)

    # Beginning and end.

    def run_until_complete(self, future: Generator[Any, None, T] | Awaitable[T]) -> T:
        """Run until ``future`` is done.

        asyncio's own version leaves a call of ``stop`` in the queue when a breach ends it at the wrong moment, and
        that would stop the drain.
        """
        awaited: Future[T] = asyncio.ensure_future(cast("Awaitable[T]", future), loop=self)
        self._awaited = awaited
        awaited.add_done_callback(self._stop_for)
        try:
            self.run_forever()
        finally:
            awaited.remove_done_callback(self._stop_for)
            self._awaited = None  # else loop and task would keep each other alive
            awaited._log_destroy_pending = False  # type: ignore[attr-defined]  # noqa: SLF001  # the caller knows
        if not awaited.done():
            raise RuntimeError("the event loop was stopped before the future was done")
        return awaited.result()

    def _stop_for(self, future: Future[Any]) -> None:
        if future is self._awaited:
            self.stop()

    def end(self, kind: type[SimulationError], reason: str) -> NoReturn:
        """Raise a breach that names the coroutines."""
        simulation = self.simulation
        late = ", after all was cancelled" if simulation.draining else ""
        raise simulation.breach(kind(f"{reason}{late}: {coroutines(self)} (t = {simulation.now_s:g} s)"))

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Report a lost exception, unless a breach is the reason and will be raised anyway."""
        if self.simulation.first_breach is None and not self.simulation.overran:
            super().call_exception_handler(context)

    def drain(self) -> None:
        """Cancel the tasks that are left, and those that they leave, and close the async generators, oldest first."""
        while tasks := sorted(all_tasks(self), key=hash):
            for task in tasks:
                if task not in self._closers:
                    task.cancel()
            self.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            for task in tasks:
                self._report_failure(task)
        if len(self._asyncgens):
            self.run_until_complete(self.shutdown_asyncgens())

    def _report_failure(self, task: Task[Any]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            context = {"message": "a cancelled task failed at the end of the simulation", "exception": error}
            self.call_exception_handler({**context, "task": task})

    def abandon(self) -> None:
        """Close the coroutines of tasks that would not be cancelled; they must not wake in the real world."""
        for task in sorted(all_tasks(self), key=hash):
            task._log_destroy_pending = False  # type: ignore[attr-defined]  # noqa: SLF001
            _close(task.get_coro())


def _close(coroutine: Any) -> None:
    # One that ignores GeneratorExit as well can not be helped; the breach that is on its way says so.
    with suppress(Exception):
        coroutine.close()


def _is_task_step(handle: Any) -> bool:
    return isinstance(getattr(handle._callback, "__self__", None), Task)  # noqa: SLF001
