"""Threads, simulated: work for an executor runs inline, on the simulation's thread, at a turn of the loop.

The work runs at once and whole. If it sleeps, the clock runs ahead while it does, and is then set back: the result
arrives after that virtual cost, and meanwhile other coroutines have their turns. Effects of the work are therefore
visible from its start. Work that waits for the loop (``run_coroutine_threadsafe(...).result()``) can not end.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
from asyncio import _set_running_loop
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from types import ModuleType
from typing import Any

from harness.simulation.state import Simulation
from harness.simulation.watchdog import Overrun


def run_inline(
    simulation: Simulation, future: asyncio.Future[Any], work: Callable[..., Any], args: tuple[Any, ...]
) -> None:
    """Do ``work`` now, and settle ``future`` after the virtual time that it took."""
    if future.cancelled():
        return
    loop = future.get_loop()
    started_s = simulation.now_s
    with _as_on_a_thread(loop):
        settle = _outcome(future, work, args)
    cost_s, simulation.now_s = simulation.now_s - started_s, started_s
    if cost_s > 0:
        loop.call_later(cost_s, settle)
    else:
        settle()


def _outcome(future: asyncio.Future[Any], work: Callable[..., Any], args: tuple[Any, ...]) -> Callable[[], None]:
    error: BaseException | None = None
    result = None
    try:
        result = work(*args)
    except (KeyboardInterrupt, Overrun):
        raise
    except BaseException as raised:  # noqa: BLE001
        # A future can not carry StopIteration: it would end the coroutine that awaits it.
        error = RuntimeError("work raised StopIteration") if isinstance(raised, StopIteration) else raised

    def settle() -> None:
        if future.done():
            return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)

    return settle


@contextmanager
def _as_on_a_thread(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Hide the running loop, as on a worker thread: ``asyncio.run`` works there, on a loop of this simulation."""
    _set_running_loop(None)
    try:
        yield
    finally:
        _set_running_loop(loop)


def sleep(simulation: Simulation, seconds: float) -> None:
    """Pass virtual time at once, as ``time.sleep`` would pass real time: nothing else has a turn."""
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    simulation.pass_time(seconds)


def anyio_backend() -> ModuleType | None:
    """Import anyio's asyncio backend, if anyio is installed."""
    try:
        return importlib.import_module("anyio._backends._asyncio")
    except ImportError:
        return None


def _forget_library(backend: Any) -> None:
    """Let the work start a loop of its own with ``anyio.run``, as on a worker thread."""
    sys.modules[backend.__module__].set_current_async_library(None)


async def run_sync_inline(
    _simulation: Simulation,
    backend: Any,
    func: Callable[..., Any],
    args: tuple[Any, ...],
    abandon_on_cancel: bool = False,  # noqa: FBT001, FBT002
    limiter: Any = None,
) -> Any:
    """Stand in for ``anyio.to_thread.run_sync``, which has worker threads of its own and bypasses the loop's."""
    await backend.checkpoint()
    async with limiter or backend.current_default_thread_limiter():
        with backend.create_cancel_scope(shield=not abandon_on_cancel):
            context = copy_context()
            context.run(_forget_library, backend)
            return await asyncio.get_running_loop().run_in_executor(None, context.run, func, *args)
