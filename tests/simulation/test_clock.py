"""The clocks: one protocol, virtual or real."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

import pytest

from harness.errors import UsageError
from harness.simulation import EPOCH_S, Clock, VirtualClock, WallClock, elapsed_s, simulate


async def nap(clock: Clock, seconds: float) -> float:
    before_s = clock.now()
    await clock.sleep(seconds)
    return clock.now() - before_s


def test_the_virtual_clock_reads_the_epoch_plus_the_loop_s_time() -> None:
    clock = VirtualClock(1000.0)

    async def main() -> float:
        await asyncio.sleep(2.5)
        return clock.now()

    assert simulate(main) == 1002.5


def test_the_virtual_clock_sleeps_in_virtual_time() -> None:
    assert simulate(lambda: nap(VirtualClock(), 3600)) == 3600


def test_the_virtual_clock_stands_at_the_epoch_outside_of_a_simulation() -> None:
    assert VirtualClock().now() == EPOCH_S


def test_the_wall_clock_takes_real_time() -> None:
    assert 0.01 <= asyncio.run(nap(WallClock(), 0.01)) < 1


def test_the_wall_clock_and_the_virtual_clock_agree_inside() -> None:
    async def main() -> tuple[float, float]:
        await asyncio.sleep(12.345678)
        return WallClock().now(), VirtualClock().now()

    wall_s, virtual_s = simulate(main)
    assert wall_s == pytest.approx(virtual_s, abs=1e-6)


def test_a_skew_moves_every_wall_clock_and_no_timer() -> None:
    async def main() -> None:
        clock = VirtualClock()
        clock.skew(-90.5)
        await clock.sleep(10)
        assert (elapsed_s(), time.monotonic()) == (10, 10)
        assert clock.now() == time.time() == EPOCH_S - 80.5
        assert datetime.now(UTC).timestamp() == EPOCH_S - 80.5

    simulate(main)


def test_skews_add_up_and_can_be_taken_back() -> None:
    async def main() -> list[float]:
        clock = VirtualClock()
        seen = []
        for skew_s in (5, 7, -5, -7):
            clock.skew(skew_s)
            seen.append(time.time() - EPOCH_S)
        return seen

    assert simulate(main) == [5, 12, 7, 0]


def test_a_skew_ends_with_its_simulation() -> None:
    async def skewed() -> None:
        VirtualClock().skew(100)

    async def main() -> float:
        return VirtualClock().now()

    simulate(skewed)
    assert simulate(main) == EPOCH_S


def test_there_is_nothing_to_skew_outside_of_a_simulation() -> None:
    with pytest.raises(UsageError, match="no simulation is active"):
        VirtualClock().skew(1)
