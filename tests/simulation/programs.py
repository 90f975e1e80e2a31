"""Small concurrent programs as data, and what is seen when one runs: the oracle of the determinism tests.

As a script it takes a list of programs as JSON and prints one digest for all their traces.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import sys
import time
import uuid
from collections import defaultdict
from typing import Any, Literal

from harness.errors import SimulationError
from harness.simulation import Limits, simulate

Program = list[Any]
Trace = list[Any]

LIMITS = Limits(virtual_s=60, steps=20_000, wall_s=20)


class Interpreter:
    """Runs one program and writes down what it sees."""

    def __init__(self) -> None:
        self.trace: Trace = []
        self.queues: dict[str, asyncio.Queue[str]] = defaultdict(lambda: asyncio.Queue(1))

    def see(self, who: str, *what: object) -> None:
        self.trace.append([time.monotonic(), time.time(), who, *map(str, what)])

    async def run(self, who: str, program: Program) -> str:
        try:
            for number, (kind, *rest) in enumerate(program):
                await getattr(self, kind)(f"{who}.{number}", *rest)
        except asyncio.CancelledError:
            self.see(who, "cancelled")
            raise
        return who

    async def sleep(self, who: str, duration_s: float) -> None:
        await asyncio.sleep(duration_s)
        self.see(who, "slept")

    async def thread(self, who: str, duration_s: float) -> None:
        await asyncio.to_thread(time.sleep, duration_s)
        self.see(who, "worked")

    async def put(self, who: str, queue: str) -> None:
        await self.queues[queue].put(who)
        self.see(who, "put", queue)

    async def get(self, who: str, queue: str) -> None:
        self.see(who, "got", await self.queues[queue].get())

    async def chance(self, who: str) -> None:
        self.see(who, random.random(), uuid.uuid4())  # noqa: S311

    async def timeout(self, who: str, duration_s: float, body: Program) -> None:
        try:
            async with asyncio.timeout(duration_s):
                await self.run(who, body)
        except TimeoutError:
            self.see(who, "timed out")

    async def group(self, who: str, bodies: list[Program]) -> None:
        async with asyncio.TaskGroup() as group:
            for number, body in enumerate(bodies):
                group.create_task(self.run(f"{who}:{number}", body))

    async def first(self, who: str, bodies: list[Program]) -> None:
        tasks = {asyncio.create_task(self.run(f"{who}:{number}", body)) for number, body in enumerate(bodies)}
        done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        self.see(who, [task.result() for task in done], len(pending), [task.get_name() for task in asyncio.all_tasks()])
        for task in pending:
            task.cancel()

    async def leave(self, who: str, body: Program) -> None:
        self.see(who, "left", asyncio.create_task(self.run(f"{who}:left", body)).get_name())


def trace(program: Program, schedule: Literal["fifo", "seeded"] = "fifo", seed: int = 0) -> Trace:
    """Run ``program`` and return what was seen; a breach is part of it."""
    interpreter = Interpreter()
    try:
        simulate(lambda: interpreter.run("main", program), seed=seed, schedule=schedule, limits=LIMITS)
    except SimulationError as error:
        interpreter.trace.append([str(error)])
    return interpreter.trace


def digest(batch: list[Program]) -> str:
    """Return one hash over the traces of all programs under both schedules."""
    traces = [[trace(program), trace(program, "seeded", seed=7)] for program in batch]
    return hashlib.sha256(json.dumps(traces).encode()).hexdigest()


if __name__ == "__main__":
    sys.stdout.write(digest(json.loads(sys.argv[1])))
