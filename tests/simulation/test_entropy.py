"""Clocks and chance belong to the simulation, on its thread only, and only while it lasts."""

# ruff: noqa: PLW0108, S311 -- each lambda looks its function up when it is called; none guards a secret

from __future__ import annotations

import os
import random
import secrets
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from random import choice as choice_taken
from random import random as random_taken
from time import time as time_taken
from typing import Any

import pytest
import time_machine

from harness.simulation import EPOCH_S, elapsed_s, simulate

CHANCE: dict[str, Callable[[], Any]] = {
    "os.getrandom": lambda: os.getrandom(16),
    "os.urandom": lambda: os.urandom(16),
    "random.Random": lambda: random.Random().random(),
    "random.SystemRandom": lambda: random.SystemRandom().random(),
    "random.choice": lambda: random.choice(range(10**9)),
    "random.choice, taken": lambda: choice_taken(range(10**9)),
    "random.gauss": lambda: random.gauss(0, 1),
    "random.random": lambda: random.random(),
    "random.random, taken": lambda: random_taken(),
    "random.shuffle": lambda: random.sample(range(1000), 20),
    "random.uniform": lambda: random.uniform(0, 1),
    "secrets.randbelow": lambda: secrets.randbelow(10**9),
    "secrets.token_hex": lambda: secrets.token_hex(16),
    "secrets.token_urlsafe": lambda: secrets.token_urlsafe(16),
    "uuid.uuid1": lambda: str(uuid.uuid1()),
    "uuid.uuid4": lambda: str(uuid.uuid4()),
}
# Functions that were taken from the module share one generator with the simulation, on every thread.
TOLD_APART = {name: look for name, look in CHANCE.items() if "taken" not in name}
CLOCKS: dict[str, Callable[[], float]] = {
    "time.monotonic": lambda: time.monotonic(),
    "time.monotonic_ns": lambda: time.monotonic_ns() / 1e9,
    "time.perf_counter": lambda: time.perf_counter(),
    "time.perf_counter_ns": lambda: time.perf_counter_ns() / 1e9,
    "time.process_time": lambda: time.process_time(),
    "time.thread_time": lambda: time.thread_time(),
    "time.time": lambda: time.time() - EPOCH_S,
    "time.time, taken": lambda: time_taken() - EPOCH_S,
    "time.time_ns": lambda: time.time_ns() / 1e9 - EPOCH_S,
    "datetime.now": lambda: datetime.now(UTC).timestamp() - EPOCH_S,
    "datetime.now, naive": lambda: (datetime.now() - datetime(2026, 1, 1)).total_seconds(),  # noqa: DTZ001, DTZ005
}
SHARED_CLOCKS = {name: look for name, look in CLOCKS.items() if name != "time.thread_time"}


def inside(look: Callable[[], Any], **options: Any) -> Any:
    async def main() -> Any:
        return look()

    return simulate(main, **options)


def on_another_thread(look: Callable[[], Any]) -> Any:
    seen = []
    thread = threading.Thread(target=lambda: seen.append(look()))
    thread.start()
    thread.join()
    return seen[0]


@pytest.mark.parametrize("look", CLOCKS.values(), ids=CLOCKS)
def test_a_clock_reads_virtual_time(look: Callable[[], float]) -> None:
    def after_a_sleep() -> tuple[float, float]:
        before_s = look()
        time.sleep(90.25)
        return before_s, look()

    assert inside(after_a_sleep) == pytest.approx((0, 90.25), abs=1e-6)


@pytest.mark.parametrize("look", SHARED_CLOCKS.values(), ids=SHARED_CLOCKS)
def test_a_clock_is_real_on_other_threads(look: Callable[[], float]) -> None:
    real_s = look()
    assert inside(lambda: on_another_thread(look)) == pytest.approx(real_s, abs=5)


@pytest.mark.parametrize("look", CLOCKS.values(), ids=CLOCKS)
def test_a_clock_is_real_afterwards(look: Callable[[], float]) -> None:
    before_s = look()
    inside(look)
    assert before_s <= look() < before_s + 5


def test_the_date_is_the_epoch_s() -> None:
    assert inside(date.today) == date(2026, 1, 1)


def test_the_epoch_can_be_chosen() -> None:
    assert inside(time.time, epoch_s=86_400.0) == 86_400.0


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata", "UTC"])
def test_local_time_is_utc_wherever_the_machine_is(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert inside(lambda: datetime.now().hour) == 0  # noqa: DTZ005
        assert (os.environ["TZ"], time.tzname[0]) == (zone, time.tzname[0])
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("look", CHANCE.values(), ids=CHANCE)
def test_chance_comes_from_the_seed(look: Callable[[], Any]) -> None:
    def thrice() -> list[Any]:
        return [look() for _ in range(3)]

    seen = inside(thrice, seed=1)
    assert seen == inside(thrice, seed=1)
    assert seen != inside(thrice, seed=2)
    assert seen[0] != seen[1]


@pytest.mark.parametrize("look", TOLD_APART.values(), ids=TOLD_APART)
def test_chance_is_real_on_other_threads(look: Callable[[], Any]) -> None:
    assert inside(lambda: on_another_thread(look)) != inside(lambda: on_another_thread(look))


@pytest.mark.parametrize("look", TOLD_APART.values(), ids=TOLD_APART)
def test_other_threads_do_not_shift_the_chance_of_the_simulation(look: Callable[[], Any]) -> None:
    def disturbed() -> Any:
        on_another_thread(look)
        return look()

    assert inside(disturbed) == inside(look)


def test_a_seed_given_inside_holds_inside() -> None:
    def seeded() -> float:
        random.seed(42)
        return random.random()

    assert inside(seeded) == random.Random(42).random()


@pytest.mark.parametrize("draws_elsewhere", [0, 3])
def test_the_random_module_goes_on_from_where_it_was(draws_elsewhere: int) -> None:
    def draw_and_disturb() -> None:
        random.seed(7)
        random_taken()
        for _ in range(draws_elsewhere):
            on_another_thread(random.random)

    random.seed(5)
    inside(draw_and_disturb)
    expected = random.Random(5)
    for _ in range(draws_elsewhere):
        expected.random()
    assert random.random() == expected.random()


def everything_patched() -> list[Any]:
    import asyncio  # noqa: PLC0415

    from anyio._backends._asyncio import AsyncIOBackend  # noqa: PLC0415

    owners = (random, os, time, uuid, asyncio, asyncio.events, asyncio.tasks, random.Random, AsyncIOBackend, datetime)
    return [dict(vars(owner)) for owner in owners]


@pytest.mark.parametrize("fails", [False, True])
def test_all_patches_are_gone_afterwards(fails: bool) -> None:
    async def main() -> None:
        if fails:
            raise LookupError("no")

    inside(time.time)
    before = everything_patched()
    with suppress(LookupError):
        simulate(main)
    assert everything_patched() == before
    assert not time_machine.escape_hatch.is_travelling()


def test_a_patched_function_that_was_kept_is_real_afterwards() -> None:
    """A module that is first imported under simulation may keep one."""
    kept = inside(lambda: time.monotonic)
    assert kept is not time.monotonic
    assert kept() == pytest.approx(time.monotonic(), abs=5)


def test_two_threads_simulate_side_by_side() -> None:
    barrier = threading.Barrier(2, timeout=10)

    def alone(duration_s: float) -> Any:
        def look() -> Any:
            barrier.wait()
            time.sleep(duration_s)
            barrier.wait()
            return elapsed_s(), time.time() - EPOCH_S, random.random(), uuid.uuid4()

        return inside(look, seed=int(duration_s))

    seen: dict[float, Any] = {}
    threads = [threading.Thread(target=lambda d=d: seen.update({d: alone(d)})) for d in (3.0, 8.0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    barrier = threading.Barrier(1)
    assert seen == {3.0: alone(3.0), 8.0: alone(8.0)}
    assert seen[3.0][:2] == pytest.approx((3, 3))
