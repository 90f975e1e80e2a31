"""Work for threads runs inline, and takes virtual time."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import pytest

from harness.errors import Fence
from harness.simulation import elapsed_s, simulate


def test_work_in_threads_overlaps() -> None:
    async def main() -> float:
        await asyncio.gather(*(asyncio.to_thread(time.sleep, duration_s) for duration_s in (5, 7, 6)))
        return elapsed_s()

    assert simulate(main) == 7


def test_work_in_a_thread_can_be_timed_out() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(9):
                await asyncio.to_thread(time.sleep, 30)
        return elapsed_s()

    assert simulate(main) == 9


def test_work_sees_its_own_time_pass() -> None:
    def work() -> tuple[float, float]:
        before_s = time.monotonic()
        time.sleep(4)
        return before_s, time.monotonic()

    async def main() -> tuple[tuple[float, float], float]:
        return await asyncio.to_thread(work), elapsed_s()

    assert simulate(main) == ((0, 4), 4)


def test_work_runs_on_the_simulation_s_thread() -> None:
    async def main() -> set[int]:
        with ThreadPoolExecutor() as pool:
            idents = [await asyncio.get_running_loop().run_in_executor(pool, threading.get_ident)]
        idents.append(await asyncio.to_thread(threading.get_ident))
        return set(idents)

    assert simulate(main) == {threading.get_ident()}


def test_an_error_of_the_work_reaches_who_awaits_it() -> None:
    def work() -> None:
        time.sleep(2)
        raise LookupError("no")

    async def main() -> float:
        with pytest.raises(LookupError):
            await asyncio.to_thread(work)
        return elapsed_s()

    assert simulate(main) == 2


def test_a_stop_iteration_of_the_work_becomes_a_runtime_error() -> None:
    async def main() -> None:
        with pytest.raises(RuntimeError, match="StopIteration"):
            await asyncio.to_thread(next, iter(()))

    simulate(main)


def test_work_sees_the_context_of_its_caller() -> None:
    name = contextvars.ContextVar("name", default="nobody")

    async def main() -> str:
        name.set("somebody")
        return await asyncio.to_thread(name.get)

    assert simulate(main) == "somebody"


def test_work_sees_no_running_loop() -> None:
    async def main() -> None:
        with pytest.raises(RuntimeError, match="no running event loop"):
            await asyncio.to_thread(asyncio.get_running_loop)
        assert asyncio.get_running_loop()

    simulate(main)


def test_work_may_run_a_loop_of_its_own_in_the_same_time() -> None:
    async def inner() -> float:
        await asyncio.sleep(3)
        return elapsed_s()

    def work() -> float:
        return asyncio.run(inner())

    async def main() -> tuple[tuple[float, ...], float]:
        await asyncio.sleep(1)
        ends = await asyncio.gather(asyncio.to_thread(work), asyncio.to_thread(work))
        return tuple(ends), elapsed_s()

    assert simulate(main) == ((4, 4), 4)


def test_anyio_threads_overlap() -> None:
    async def main() -> float:
        async with anyio.create_task_group() as group:
            for duration_s in (5, 7, 6):
                group.start_soon(anyio.to_thread.run_sync, time.sleep, duration_s)
        return elapsed_s()

    assert simulate(main) == 7


def test_an_anyio_thread_can_be_abandoned() -> None:
    def work() -> None:
        time.sleep(30)

    async def main() -> float:
        with anyio.move_on_after(9):
            await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
        return elapsed_s()

    assert simulate(main) == 9


def test_an_anyio_thread_is_waited_for_otherwise() -> None:
    async def main() -> float:
        with anyio.move_on_after(9):
            await anyio.to_thread.run_sync(time.sleep, 30)
        return elapsed_s()

    assert simulate(main) == 30


def test_an_anyio_limiter_limits() -> None:
    async def main() -> float:
        limiter = anyio.CapacityLimiter(1)
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(lambda: anyio.to_thread.run_sync(time.sleep, 2, limiter=limiter))
        return elapsed_s()

    assert simulate(main) == 6


def test_anyio_work_may_run_anyio() -> None:
    async def inner() -> float:
        await anyio.sleep(3)
        return elapsed_s()

    async def main() -> float:
        return await anyio.to_thread.run_sync(anyio.run, inner)

    assert simulate(main) == 3


def test_a_real_thread_may_not_wake_the_simulation() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        seen: list[Exception] = []

        def wake() -> None:
            try:
                loop.call_soon_threadsafe(print)
            except Fence as error:
                seen.append(error)

        thread = threading.Thread(target=wake, name="intruder")
        thread.start()
        thread.join()
        assert seen
        await asyncio.sleep(1)

    with pytest.raises(Fence, match=r"test_threads\.py:\d+ in .*wake tried to wake .* from thread 'intruder'"):
        simulate(main)


def test_work_that_is_cancelled_before_its_turn_is_not_done() -> None:
    done: list[str] = []

    async def main() -> None:
        future = asyncio.get_running_loop().run_in_executor(None, done.append, "done")
        future.cancel()
        await asyncio.sleep(1)

    simulate(main)
    assert not done


def test_a_task_factory_of_the_agent_is_respected() -> None:
    made: list[str] = []

    def factory(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
        made.append(coroutine.__name__)
        return asyncio.Task(coroutine, loop=loop, **options)

    async def main() -> None:
        asyncio.get_running_loop().set_task_factory(factory)
        await asyncio.gather(asyncio.sleep(1), asyncio.sleep(2))

    simulate(main)
    assert made == ["sleep", "sleep"]
