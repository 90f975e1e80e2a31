"""Simulations are cheap enough for a hundred thousand trials; the bounds leave room for a slow machine."""

from __future__ import annotations

import asyncio
import time

from harness.simulation import draw, simulate


async def nothing() -> None:
    """Do nothing."""


async def many_sleeps() -> None:
    for _ in range(1000):
        await asyncio.sleep(0.1)


def test_an_empty_simulation_costs_less_than_a_millisecond() -> None:
    simulate(nothing)
    started_s = time.perf_counter()
    for _ in range(200):
        simulate(nothing)
    assert (time.perf_counter() - started_s) / 200 < 1e-3


def test_a_sleep_costs_less_than_a_tenth_of_a_millisecond() -> None:
    started_s = time.perf_counter()
    simulate(many_sleeps)
    assert (time.perf_counter() - started_s) / 1000 < 1e-4


def test_a_draw_costs_less_than_twenty_microseconds() -> None:
    started_s = time.perf_counter()
    for _ in range(1000):
        draw(1, "stream", "address")
    assert (time.perf_counter() - started_s) / 1000 < 2e-5
