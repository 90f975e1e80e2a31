"""What each patched function of the standard library answers while a simulation is active.

``patches`` puts these functions in place; each takes the simulation of the calling thread first.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from asyncio import Task
from asyncio.tasks import all_tasks as real_all_tasks
from collections.abc import Callable
from typing import Any

from harness.simulation.loop import SimLoop
from harness.simulation.state import MICROSECONDS, Simulation

Act = Callable[..., Any]

_real_seed = random.Random.seed
_UUID_MEMORY = [name for name in vars(uuid) if name.startswith("_last_timestamp")]
_MULTICAST_BIT = 1 << 40


def now_s(simulation: Simulation) -> float:
    """Answer for ``time.monotonic``: the same clock as ``loop.time``, as with asyncio's own loops."""
    return simulation.now_s


def now_ns(simulation: Simulation) -> int:
    """Answer for ``time.monotonic_ns``."""
    return round(simulation.now_s * MICROSECONDS) * 1_000


def urandom(simulation: Simulation, size: int, _flags: int = 0) -> bytes:
    """Answer for ``os.urandom``; ``uuid4`` and ``secrets`` rest on it."""
    return simulation.entropy.randbytes(size)


def node(simulation: Simulation) -> int:
    """Answer for ``uuid.getnode``, which else asks the network card, or starts ``ifconfig``."""
    return random.Random(simulation.seed).getrandbits(48) | _MULTICAST_BIT  # noqa: S311


def uuid_function(name: str) -> Act:
    """Return the answer for ``uuid1`` and its kin, which never go behind the last time that they saw.

    That memory is the module's; while the simulation asks, the module has the simulation's.
    """
    real = getattr(uuid, name, None)

    def act(simulation: Simulation, *args: Any, **kwargs: Any) -> Any:
        memory = {key: vars(uuid)[key] for key in _UUID_MEMORY}
        vars(uuid).update(dict.fromkeys(_UUID_MEMORY) | simulation.uuid_memory)
        try:
            return real(*args, **kwargs)  # type: ignore[misc]
        finally:
            simulation.uuid_memory = {key: vars(uuid)[key] for key in _UUID_MEMORY}
            vars(uuid).update(memory)

    return act


def seed_generator(simulation: Simulation, generator: random.Random, a: Any = None, *args: Any, **kwargs: Any) -> None:
    """Answer for ``Random.seed``: a generator without a seed gets one of the simulation's."""
    _real_seed(generator, simulation.entropy.getrandbits(128) if a is None else a, *args, **kwargs)


def random_function(name: str) -> Act:
    """Return the answer for a function of the ``random`` module."""

    def act(simulation: Simulation, *args: Any, **kwargs: Any) -> Any:
        return getattr(simulation.random, name)(*args, **kwargs)

    return act


def all_tasks(_simulation: Simulation, loop: asyncio.AbstractEventLoop | None = None) -> set[Task[Any]]:
    """Answer for ``asyncio.all_tasks``; the set is filled in order, because a set's order depends on it."""
    return set(sorted(real_all_tasks(loop), key=hash))  # noqa: C414


def new_event_loop(simulation: Simulation) -> SimLoop:
    """Answer for ``asyncio.new_event_loop``, which ``asyncio.run`` uses in work that runs inline."""
    return SimLoop(simulation)


CLOCKS: dict[str, Act] = {
    "monotonic": now_s,
    "monotonic_ns": now_ns,
    "perf_counter": now_s,
    "perf_counter_ns": now_ns,
    "process_time": now_s,
    "process_time_ns": now_ns,
    "thread_time": now_s,
    "thread_time_ns": now_ns,
}
"""Also the clocks of CPU time: what a program reads must not depend on the machine."""

UUIDS: dict[str, Act] = {"getnode": node} | {name: uuid_function(name) for name in ("uuid1", "uuid6", "uuid7")}

RANDOM_FUNCTIONS: dict[str, Act] = {
    name: random_function(name)
    for name, function in vars(random).items()
    if getattr(function, "__self__", None) is random._inst  # noqa: SLF001
}
