"""Virtual time: it starts at 0, jumps exactly, and never drifts."""

from __future__ import annotations

import asyncio
import math
import time
from typing import Any

import pytest

from harness.simulation import Limits, elapsed_s, simulate


def now_s() -> float:
    return asyncio.get_running_loop().time()


def test_time_starts_at_zero() -> None:
    async def main() -> tuple[float, float]:
        return now_s(), elapsed_s()

    assert simulate(main) == (0.0, 0.0)


def test_a_sleep_takes_no_real_time() -> None:
    async def main() -> float:
        await asyncio.sleep(48 * 3600)
        return now_s()

    started_s = time.monotonic()
    assert simulate(main) == 48 * 3600
    assert time.monotonic() - started_s < 1


def test_time_never_drifts() -> None:
    async def main() -> float:
        for _ in range(1000):
            await asyncio.sleep(0.1)
        return now_s()

    assert simulate(main) == 100.0


def test_time_jumps_from_timer_to_timer() -> None:
    async def main() -> list[float]:
        seen: list[float] = []
        loop = asyncio.get_running_loop()
        for when_s in (3.5, 1.25, 7.0):
            loop.call_at(when_s, lambda: seen.append(loop.time()))
        await asyncio.sleep(10)
        return seen

    assert simulate(main) == [1.25, 3.5, 7.0]


def test_sums_of_floats_tie_on_a_grid_of_one_microsecond() -> None:
    async def main() -> tuple[list[str], set[float]]:
        order: list[str] = []
        seen = set()

        async def later(name: str, delay_s: float) -> None:
            await asyncio.sleep(delay_s)
            order.append(name)
            seen.add(now_s())

        await asyncio.gather(later("sum", 0.1 + 0.2), later("literal", 0.3))
        return order, seen

    assert simulate(main) == (["sum", "literal"], {0.3})


def order_of_equals(count: int = 8, **options: Any) -> list[int]:
    async def main() -> list[int]:
        order: list[int] = []
        loop = asyncio.get_running_loop()
        for number in range(count):
            loop.call_at(5.0, order.append, number)
        await asyncio.sleep(5.0)
        await asyncio.sleep(0.1)
        return order

    return simulate(main, **options)


def test_equal_deadlines_run_first_in_first_out() -> None:
    assert order_of_equals() == list(range(8))


def test_a_seed_decides_the_order_of_equal_deadlines() -> None:
    orders = {seed: order_of_equals(schedule="seeded", seed=seed) for seed in range(5)}
    assert orders == {seed: order_of_equals(schedule="seeded", seed=seed) for seed in range(5)}
    assert len({tuple(order) for order in orders.values()}) == 5


def steps_of_tasks(**options: Any) -> list[int]:
    async def main() -> list[int]:
        order: list[int] = []

        async def step(number: int) -> None:
            order.append(number)

        async with asyncio.TaskGroup() as group:
            for number in range(8):
                group.create_task(step(number))
        return order

    return simulate(main, **options)


def test_ready_tasks_run_first_in_first_out() -> None:
    assert steps_of_tasks() == list(range(8))


def test_a_seed_decides_the_order_of_ready_tasks() -> None:
    orders = {seed: steps_of_tasks(schedule="seeded", seed=seed) for seed in range(5)}
    assert orders == {seed: steps_of_tasks(schedule="seeded", seed=seed) for seed in range(5)}
    assert len({tuple(order) for order in orders.values()}) == 5


def test_callbacks_keep_their_order_under_every_seed() -> None:
    """Asyncio promises it: "Callbacks are called in the order in which they are registered"."""

    async def main() -> list[int]:
        order: list[int] = []
        for number in range(8):
            asyncio.get_running_loop().call_soon(order.append, number)
            asyncio.create_task(asyncio.sleep(0))  # noqa: RUF006
        await asyncio.sleep(1)
        return order

    assert [simulate(main, schedule="seeded", seed=seed) for seed in range(10)] == [list(range(8))] * 10


def test_a_blocking_sleep_passes_virtual_time_and_delays_what_is_due() -> None:
    async def main() -> list[float]:
        seen: list[float] = []
        loop = asyncio.get_running_loop()
        loop.call_later(1, lambda: seen.append(loop.time()))
        time.sleep(5)  # noqa: ASYNC251
        seen.append(now_s())
        await asyncio.sleep(0.5)
        return seen

    assert simulate(main) == [5.0, 5.0]


def test_a_sleep_without_end_can_be_timed_out() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3):
                await asyncio.sleep(math.inf)
        return now_s()

    assert simulate(main, limits=Limits(virtual_s=math.inf)) == 3.0


def test_a_blocking_sleep_can_not_be_negative() -> None:
    async def main() -> None:
        with pytest.raises(ValueError, match="non-negative"):
            time.sleep(-1)  # noqa: ASYNC251

    simulate(main)
