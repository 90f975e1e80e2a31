"""After main returns nothing is left: no task, no async generator, no thread."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
import threading
import time
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from harness.errors import Fence, SimulationError
from harness.simulation import simulate


def test_outstanding_tasks_are_cancelled_oldest_first() -> None:
    ended: list[int] = []

    async def wait(number: int) -> None:
        try:
            await asyncio.sleep(1e5)
        finally:
            ended.append(number)

    async def main() -> None:
        tasks = [asyncio.create_task(wait(number)) for number in range(20)]
        await asyncio.sleep(1)
        assert tasks

    simulate(main)
    assert ended == list(range(20))


def test_cancelled_tasks_may_take_their_time() -> None:
    ended: list[float] = []

    async def linger() -> None:
        try:
            await asyncio.sleep(1e5)
        finally:
            await asyncio.sleep(30)
            ended.append(time.monotonic())

    async def main() -> None:
        task = asyncio.create_task(linger())
        await asyncio.sleep(1)
        assert task

    simulate(main)
    assert ended == [31]


def test_async_generators_are_shut_down() -> None:
    closed: list[str] = []
    kept: list[AsyncIterator[int]] = []

    async def numbers() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            await asyncio.sleep(1)
            closed.append("closed")

    async def main() -> None:
        kept.append(numbers())
        await anext(kept[0])

    simulate(main)
    assert closed == ["closed"]


def test_tasks_that_start_while_all_is_cancelled_are_cancelled_too() -> None:
    ended: list[str] = []

    async def end(name: str) -> None:
        try:
            await asyncio.sleep(1e5)
        finally:
            ended.append(name)
            if len(name) < 3:
                tasks.append(asyncio.create_task(end(name + "'")))
                await asyncio.sleep(1)

    async def main() -> None:
        tasks.append(asyncio.create_task(end("a")))
        await asyncio.sleep(1)

    tasks: list[asyncio.Task[None]] = []
    simulate(main)
    assert ended == ["a", "a'", "a''"]


def test_a_swallowed_breach_still_lets_the_rest_be_cancelled() -> None:
    """The breach is raised at the very turn at which main is done."""
    ended: list[str] = []

    async def linger() -> None:
        try:
            await asyncio.sleep(1e5)
        finally:
            await asyncio.sleep(1)
            ended.append("lingered")

    async def main() -> None:
        task = asyncio.create_task(linger())
        await asyncio.sleep(1)
        with suppress(Fence):
            socket.getaddrinfo("example.com", 443)
        assert task

    with pytest.raises(Fence):
        simulate(main)
    assert ended == ["lingered"]


@pytest.mark.parametrize("duration_s", [0, 1])
def test_a_dropped_async_generator_is_closed(duration_s: float) -> None:
    """Also one that is dropped in the last moment, when the loop has no turn any more."""
    closed: list[float] = []

    async def numbers() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            await asyncio.sleep(0)
            closed.append(time.monotonic())

    async def main() -> None:
        await anext(numbers())
        if duration_s:
            await asyncio.sleep(duration_s)

    simulate(main)
    assert closed == [0]


def test_no_thread_is_left_behind() -> None:
    async def main() -> None:
        await asyncio.gather(*(asyncio.to_thread(time.sleep, 1) for _ in range(10)))

    simulate(main)  # the first one starts the watchdog, which serves the whole process
    before = threading.enumerate()
    simulate(main)
    assert threading.enumerate() == before


def test_a_simulation_leaves_no_garbage() -> None:
    """A hundred thousand trials must not keep the collector busy."""

    async def main() -> None:
        await asyncio.gather(asyncio.sleep(1), asyncio.to_thread(time.sleep, 1))

    simulate(main)
    gc.collect()
    gc.disable()
    try:
        simulate(main)
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_the_garbage_collector_goes_on() -> None:
    async def main() -> bool:
        return gc.isenabled()

    assert simulate(main) is False
    assert gc.isenabled()


def test_a_garbage_collector_that_was_off_stays_off() -> None:
    async def main() -> None:
        """Do nothing."""

    gc.disable()
    try:
        simulate(main)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_signal_handlers_are_put_back() -> None:
    async def main() -> None:
        """Do nothing."""

    before = signal.getsignal(signal.SIGURG)
    simulate(main)
    assert signal.getsignal(signal.SIGURG) is before


def test_a_failure_while_cancelling_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    async def fail_late() -> None:
        try:
            await asyncio.sleep(1e5)
        finally:
            raise LookupError("too late")

    async def main() -> None:
        task = asyncio.create_task(fail_late())
        await asyncio.sleep(1)
        assert task

    with caplog.at_level(logging.ERROR, logger="asyncio"):
        simulate(main)
    assert "too late" in caplog.text


def test_a_breach_is_reported_once_and_not_logged_as_well(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        task = asyncio.create_task(asyncio.sleep(1e9))
        await task

    with pytest.raises(SimulationError):
        simulate(main)
    gc.collect()
    assert caplog.text == ""
