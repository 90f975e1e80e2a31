"""A simulation is a pure function of its inputs."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import subprocess
import sys
import weakref
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.simulation import simulate
from tests.simulation.programs import Program, digest, trace

ROOT = Path(__file__).parents[2]
DURATIONS_S = st.sampled_from([0, 0.1, 0.2, 0.3, 1, 2])
QUEUES = st.sampled_from("ab")


def _compound(steps: st.SearchStrategy[Program]) -> st.SearchStrategy[list[Any]]:
    branches = st.lists(steps, min_size=2, max_size=4)
    return st.one_of(
        st.tuples(st.just("timeout"), DURATIONS_S, steps).map(list),
        st.tuples(st.just("group"), branches).map(list),
        st.tuples(st.just("first"), branches).map(list),
        st.tuples(st.just("leave"), steps).map(list),
    )


def programs() -> st.SearchStrategy[Program]:
    """Programs of sleeps, timeouts, task groups, queues, threads and chance."""
    step = st.one_of(
        st.tuples(st.just("sleep"), DURATIONS_S).map(list),
        st.tuples(st.just("thread"), DURATIONS_S).map(list),
        st.tuples(st.just("put"), QUEUES).map(list),
        st.tuples(st.just("get"), QUEUES).map(list),
        st.just(["chance"]),
    )
    body = st.lists(step, min_size=1, max_size=3)
    return st.recursive(
        body, lambda inner: st.lists(st.one_of(step, _compound(inner)), min_size=1, max_size=4), max_leaves=12
    )


QUICK = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize("schedule", ["fifo", "seeded"])
@settings(QUICK, max_examples=60)
@given(program=programs(), seed=st.integers(0, 3))
def test_a_program_has_the_same_trace_twenty_times_over(
    schedule: Literal["fifo", "seeded"], program: Program, seed: int
) -> None:
    first = trace(program, schedule, seed)
    litter = []
    for _ in range(19):
        litter.append([object() for _ in range(17)])  # so that addresses differ from run to run
        assert trace(program, schedule, seed) == first


def _digest_elsewhere(batch: list[Program], hash_seed: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error", str(ROOT / "tests/simulation/programs.py"), json.dumps(batch)]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


@settings(QUICK, max_examples=2)
@given(batch=st.lists(programs(), min_size=25, max_size=25))
def test_programs_have_the_same_traces_in_other_processes_with_other_hash_seeds(batch: list[Program]) -> None:
    elsewhere = [_digest_elsewhere(batch, hash_seed) for hash_seed in ("1", "2")]
    assert [process.communicate(timeout=60)[0] for process in elsewhere] == [digest(batch)] * 2


def test_sets_of_tasks_iterate_in_order_of_creation() -> None:
    async def main() -> list[str]:
        tasks = [asyncio.create_task(asyncio.sleep(0), name=str(number)) for number in range(7)]
        done, _ = await asyncio.wait(reversed(tasks))
        return [task.get_name() for task in done]

    assert simulate(main) == [str(number) for number in range(7)]


def test_sets_of_futures_iterate_in_one_order() -> None:
    async def main() -> list[int]:
        loop = asyncio.get_running_loop()
        futures = [loop.run_in_executor(None, int, number) for number in range(7)]
        done, _ = await asyncio.wait(futures)
        return [future.result() for future in done]

    litter = [(simulate(main), [object() for _ in range(31)]) for _ in range(20)]
    assert [result for result, _ in litter] == [litter[0][0]] * 20


def test_all_tasks_come_in_one_order() -> None:
    """Asyncio keeps the tasks of all loops of the process in one set, whose size is part of their order."""

    async def main() -> list[str]:
        tasks = [asyncio.create_task(asyncio.sleep(number % 32 == 0)) for number in range(512)]
        await asyncio.sleep(0.5)
        assert tasks
        return [task.get_name() for task in asyncio.all_tasks()]

    async def ballast() -> list[asyncio.Task[None]]:
        return [asyncio.create_task(asyncio.sleep(0)) for _ in range(5000)]

    alone = simulate(main)
    kept = simulate(ballast)
    assert simulate(main) == alone
    assert len(kept) == 5000


def test_task_names_start_anew_in_every_simulation() -> None:
    async def main() -> list[str]:
        tasks = [asyncio.create_task(asyncio.sleep(0)) for _ in range(2)]
        await asyncio.wait(tasks)
        return [task.get_name() for task in tasks]

    assert simulate(main) == simulate(main)


def test_async_generators_close_in_order_of_creation() -> None:
    closed: list[int] = []

    async def numbers(name: int) -> AsyncIterator[int]:
        try:
            yield name
        finally:
            closed.append(name)

    async def main() -> None:
        living = [numbers(name) for name in range(9)]
        for generator in living:
            await anext(generator)
        asyncio.get_running_loop().living = living  # type: ignore[attr-defined]  # outlive the coroutine

    simulate(main)
    assert closed == list(range(9))


def test_garbage_is_collected_at_fixed_steps() -> None:
    """A collection by allocation count would come at another moment in a process with another past."""

    class Knot:
        def __init__(self, freed: list[float]) -> None:
            self.itself = self
            loop = asyncio.get_running_loop()
            weakref.finalize(self, lambda: freed.append(loop.time()))

    async def main() -> list[float]:
        freed: list[float] = []
        Knot(freed)
        kept = []
        for _ in range(12_000):
            kept.append([object()])
            await asyncio.sleep(0.001)
        return freed

    def with_threshold(threshold: int) -> Any:
        usual = gc.get_threshold()
        gc.set_threshold(threshold)
        try:
            return simulate(main)
        finally:
            gc.set_threshold(*usual)

    freed = with_threshold(50)
    assert len(freed) == 1
    assert freed == with_threshold(50_000)


def test_nothing_of_a_simulation_survives_in_the_next() -> None:
    async def main() -> Any:
        loop = asyncio.get_running_loop()
        before = loop.time(), len(asyncio.all_tasks())
        asyncio.create_task(asyncio.sleep(1e6))  # noqa: RUF006  # left behind on purpose
        await asyncio.sleep(5)
        return before

    assert simulate(main) == simulate(main) == (0.0, 1)
