"""Whatever would not end is ended, and the error names the coroutines."""

# ruff: noqa: ASYNC110, SIM105 -- bad manners are the subject

from __future__ import annotations

import asyncio
import math
import multiprocessing
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from harness.errors import Deadlock, SimulationError, StepLimit, UsageError, VirtualTimeLimit, WallClockLimit
from harness.simulation import Limits, simulate


async def wait_for_ever() -> None:
    await asyncio.get_running_loop().create_future()


async def spin() -> None:
    while True:
        await asyncio.sleep(0)


async def tick() -> None:
    while True:
        await asyncio.sleep(3600)


async def hog() -> None:
    while True:
        pass


async def hog_and_swallow() -> None:
    while True:
        try:
            sum(range(1000))
        except Exception:  # noqa: BLE001, S110
            pass


async def wait_for_a_real_lock() -> None:
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


async def hog_in_a_thread() -> None:
    await asyncio.to_thread(lambda: [number for number in iter(int, 1) if number])


def on_another_thread(act: Callable[[], Any]) -> Any:
    """Run ``act`` off the main thread and raise here what it raised there."""
    seen: list[BaseException] = []

    def catch() -> None:
        try:
            act()
        except BaseException as error:  # noqa: BLE001
            seen.append(error)

    thread = threading.Thread(target=catch)
    thread.start()
    thread.join()
    raise seen[0]


def test_a_deadlock_names_who_waits_and_where() -> None:
    async def main() -> None:
        await asyncio.gather(wait_for_ever(), wait_for_ever())

    with pytest.raises(
        Deadlock, match=r"main \(.*test_ends\.py:\d+\), wait_for_ever \(.*\), wait_for_ever \("
    ) as caught:
        simulate(main)
    assert "(t = 0 s)" in str(caught.value)


def test_a_sleep_without_end_is_a_deadlock() -> None:
    with pytest.raises(Deadlock, match="sleep"):
        simulate(lambda: asyncio.sleep(math.inf))


def test_a_long_list_of_coroutines_is_cut() -> None:
    async def main() -> None:
        await asyncio.gather(*(wait_for_ever() for _ in range(30)))

    with pytest.raises(Deadlock, match="and 11 more"):
        simulate(main)


def test_virtual_time_has_a_limit() -> None:
    with pytest.raises(VirtualTimeLimit, match=r"limit of 86400 s.*: tick \("):
        simulate(tick, limits=Limits(virtual_s=86_400))


def test_virtual_time_has_a_limit_for_blocking_sleeps() -> None:
    async def main() -> None:
        while True:
            time.sleep(3600)  # noqa: ASYNC251

    with pytest.raises(VirtualTimeLimit, match=r"test_ends\.py:\d+ in .*main slept past"):
        simulate(main, limits=Limits(virtual_s=86_400))


def test_a_livelock_runs_into_the_step_limit() -> None:
    with pytest.raises(StepLimit, match=r"limit of 1000 steps.*: spin \("):
        simulate(spin, limits=Limits(steps=1000))


HOGS = (hog, hog_and_swallow, hog_in_a_thread, spin)
HALF_A_MOMENT = Limits(wall_s=0.1, steps=math.inf)


@pytest.mark.parametrize("busy", HOGS)
def test_the_watchdog_ends_what_is_busy_on_the_main_thread(busy: Callable[[], Any]) -> None:
    with pytest.raises(WallClockLimit, match=rf"0\.1 s of real time.*: {busy.__name__} \("):
        simulate(busy, limits=HALF_A_MOMENT)


@pytest.mark.parametrize("busy", [hog, hog_and_swallow, spin])
def test_the_watchdog_ends_what_is_busy_on_another_thread(busy: Callable[[], Any]) -> None:
    with pytest.raises(WallClockLimit, match=rf"0\.1 s of real time.*: {busy.__name__} \("):
        on_another_thread(lambda: simulate(busy, limits=HALF_A_MOMENT))


def test_the_watchdog_ends_what_blocks_the_main_thread() -> None:
    with pytest.raises(WallClockLimit, match=r"busy at .*in wait_for_a_real_lock"):
        simulate(wait_for_a_real_lock, limits=HALF_A_MOMENT)


def test_the_watchdog_names_the_line_that_is_busy() -> None:
    line = hog.__code__.co_firstlineno
    with pytest.raises(WallClockLimit, match=rf"test_ends\.py:({line + 1}|{line + 2}) in hog"):
        simulate(hog, limits=HALF_A_MOMENT)


def test_the_watchdog_leaves_the_next_simulation_alone() -> None:
    async def main() -> str:
        for _ in range(1000):
            await asyncio.sleep(1)
        return "done"

    for _ in range(3):
        with pytest.raises(WallClockLimit):
            simulate(hog, limits=Limits(wall_s=0.02))
        assert simulate(main) == "done"


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_the_watchdog_works_in_a_forked_process() -> None:
    def work() -> None:
        with pytest.raises(WallClockLimit):
            simulate(hog, limits=Limits(wall_s=0.05))

    with pytest.raises(WallClockLimit):
        simulate(hog, limits=Limits(wall_s=0.05))  # its thread does not come along into the child
    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    child.join(10)
    assert child.exitcode == 0


def test_the_watchdog_can_be_left_out() -> None:
    async def main() -> str:
        return "done"

    assert simulate(main, limits=Limits(wall_s=math.inf)) == "done"


def test_a_task_that_resists_its_cancellation_is_named() -> None:
    async def resist() -> None:
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                pass

    async def main() -> None:
        task = asyncio.create_task(resist())
        await asyncio.sleep(1)
        assert task

    with pytest.raises(SimulationError, match=r"after all was cancelled: .*resist \("):
        simulate(main)


@pytest.mark.parametrize("times", [1, 2])
def test_the_watchdog_ends_what_is_busy_while_all_is_cancelled(times: int) -> None:
    async def hog_at_the_end() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            await hog()

    async def main() -> None:
        tasks = [asyncio.create_task(hog_at_the_end()) for _ in range(times)]
        await asyncio.sleep(1)
        assert tasks

    with pytest.raises(WallClockLimit, match="hog_at_the_end"):
        simulate(main, limits=HALF_A_MOMENT)


def test_a_coroutine_that_resists_being_closed_is_left() -> None:
    async def resist() -> None:
        for _ in ("the cancellation", "the closing"):
            try:
                await wait_for_ever()
            except BaseException:  # noqa: BLE001, S110
                pass
        await wait_for_ever()

    async def main() -> None:
        task = asyncio.create_task(resist())
        await asyncio.sleep(1)
        assert task

    with pytest.raises(Deadlock, match=r"after all was cancelled: .*resist \("):
        simulate(main)


@pytest.mark.parametrize("limits", [Limits(), Limits(virtual_s=5)])
def test_a_breach_still_lets_finally_blocks_run(limits: Limits) -> None:
    cleaned: list[float] = []

    async def main() -> None:
        try:
            await (tick() if limits.virtual_s < 10 else wait_for_ever())
        finally:
            await asyncio.sleep(10)
            cleaned.append(asyncio.get_running_loop().time())

    with pytest.raises(SimulationError):
        simulate(main, limits=limits)
    assert cleaned == [10.0]


def test_an_error_of_main_is_raised_as_it_is() -> None:
    async def main() -> None:
        raise LookupError("no")

    with pytest.raises(LookupError, match="no"):
        simulate(main)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_of_the_user_passes_through(kind: type[BaseException]) -> None:
    async def main() -> None:
        raise kind

    with pytest.raises(kind):
        simulate(main)
    assert time.monotonic() > 0.1


def test_simulations_do_not_nest() -> None:
    async def inner() -> None:
        """Do nothing."""

    async def main() -> None:
        with pytest.raises(UsageError, match="no event loop is running"):
            simulate(inner)
        with pytest.raises(UsageError, match="no event loop is running"):
            await asyncio.to_thread(simulate, inner)

    simulate(main)
    with pytest.raises(UsageError, match="no event loop is running"):
        asyncio.run(_simulate_inside(inner))


async def _simulate_inside(main: Any) -> None:
    simulate(main)
