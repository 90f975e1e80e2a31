"""What foreign code sees as time and chance while a simulation is active.

The patches hold for the process, so each of them asks first on which thread it is called: on a thread with a
simulation it answers for that simulation, on any other it passes the call on. They come with the first simulation
of a process and go with the last that is under way.

Functions that a module took with ``from time import monotonic`` before it came under simulation are out of reach,
with two exceptions: ``time.time`` and ``datetime.now`` are exchanged in C by time_machine, and what was taken from
``random`` shares a generator that is seeded, and afterwards set back.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import os
import platform
import random
import threading
import time
import types
import uuid
from collections.abc import Mapping
from functools import cache
from random import Random
from threading import get_ident
from typing import Any, Protocol

from harness.simulation import entropy
from harness.simulation.entropy import Act
from harness.simulation.fences import fork_exec, install_audit_hook
from harness.simulation.state import ACTIVE, Simulation
from harness.simulation.streams import derive_seed
from harness.simulation.threads import anyio_backend, run_sync_inline, sleep
from harness.simulation.walltime import WallTime


class Patch(Protocol):
    """Something that is exchanged while a simulation is active."""

    def install(self) -> None:
        """Exchange it."""

    def remove(self) -> None:
        """Put it back."""


class Functions(Protocol):
    """Functions by name."""

    def __getitem__(self, name: str) -> Any:
        """Return the function."""


class Swap:
    """Attributes of one module or class that are exchanged for gated ones, and put back.

    A gated function outlives its swap in modules that were first imported under simulation; it then passes every
    call on.
    """

    def __init__(self, owner: Any, acts: Mapping[str, Act], outside: Functions | None = None) -> None:
        self._owner = owner
        self._originals: dict[str, Any] = {}
        self._outside: Functions = self._originals if outside is None else outside
        self._replacements = {name: self._gate(name, act) for name, act in acts.items() if hasattr(owner, name)}

    def _gate(self, name: str, act: Act) -> Any:
        outside, simulation_of = self._outside, ACTIVE.get

        def gated(*args: Any, **kwargs: Any) -> Any:
            simulation = simulation_of(get_ident())
            if simulation is None:
                return _function(outside[name])(*args, **kwargs)
            return act(simulation, *args, **kwargs)

        is_classmethod = isinstance(vars(self._owner).get(name), classmethod)
        return classmethod(gated) if is_classmethod else gated

    def install(self) -> None:
        """Exchange the attributes."""
        attributes = vars(self._owner)
        self._originals.update({name: attributes[name] for name in self._replacements})
        self._write(self._replacements)

    def remove(self) -> None:
        """Put back what was there."""
        self._write(self._originals)

    def _write(self, values: Mapping[str, Any]) -> None:
        if isinstance(self._owner, types.ModuleType):
            vars(self._owner).update(values)  # one call for twenty names: this is on the way of every trial
            return
        for name, value in values.items():
            setattr(self._owner, name, value)


def _function(original: Any) -> Act:
    function: Act = original.__func__ if isinstance(original, classmethod) else original
    return function


class RandomModule:
    """The generator behind the functions of ``random``, and what those answer on other threads meanwhile."""

    def __init__(self) -> None:
        self._generator: Random = random._inst  # noqa: SLF001
        self._state: Any = None
        self._stand_in: Random | None = None

    def __getitem__(self, name: str) -> Any:
        if self._state is None:
            return getattr(self._generator, name)
        if self._stand_in is None:
            self._stand_in = Random()  # noqa: S311
            self._stand_in.setstate(self._state)
        return getattr(self._stand_in, name)

    def install(self) -> None:
        """Keep the state that the real world goes on from."""
        self._state = self._generator.getstate()

    def seed(self, seed: int) -> None:
        """Seed the generator, for functions that were taken from the module before."""
        self._generator.seed(seed)

    def remove(self) -> None:
        """Go back to the state that was kept, or on to where other threads have got."""
        state, self._state = self._state, None
        stand_in, self._stand_in = self._stand_in, None
        self._generator.setstate(state if stand_in is None else stand_in.getstate())


class GarbageCollector:
    """Automatic collection: it comes when the whole process has allocated enough, not when the program says so."""

    def __init__(self) -> None:
        self._was_enabled = False

    def install(self) -> None:
        """Stop it; the loop collects at fixed steps instead."""
        self._was_enabled = gc.isenabled()
        gc.disable()

    def remove(self) -> None:
        """Go on, if it went before."""
        if self._was_enabled:
            gc.enable()


class Patches:
    """All patches, installed while at least one simulation is active in the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._random = RandomModule()
        self._patches: list[Patch] = [
            WallTime(),  # first: it refuses to start beside freezegun
            GarbageCollector(),
            self._random,
            Swap(random, entropy.RANDOM_FUNCTIONS, outside=self._random),
            Swap(random, {"_urandom": entropy.urandom}),
            Swap(random.Random, {"seed": entropy.seed_generator}),
            Swap(os, {"urandom": entropy.urandom, "getrandom": entropy.urandom}),
            Swap(uuid, entropy.UUIDS),
            Swap(time, {**entropy.CLOCKS, "sleep": sleep}),
            Swap(asyncio, {"all_tasks": entropy.all_tasks, "new_event_loop": entropy.new_event_loop}),
            Swap(asyncio.tasks, {"all_tasks": entropy.all_tasks}),
            Swap(asyncio.events, {"new_event_loop": entropy.new_event_loop}),
            Swap(importlib.import_module("_posixsubprocess"), {"fork_exec": fork_exec}),
        ]
        backend = anyio_backend()
        if backend is not None:
            self._patches.append(Swap(backend.AsyncIOBackend, {"run_sync_in_worker_thread": run_sync_inline}))

    def enter(self, simulation: Simulation) -> None:
        """Make ``simulation`` the one of this thread."""
        with self._lock:
            if not self._users:
                for patch in self._patches:
                    patch.install()
                self._random.seed(derive_seed(simulation.seed, "random"))
            self._users += 1
        ACTIVE[simulation.thread_id] = simulation

    def leave(self, simulation: Simulation) -> None:
        """Give the thread back to the real world."""
        del ACTIVE[simulation.thread_id]
        with self._lock:
            self._users -= 1
            if not self._users:
                for patch in reversed(self._patches):
                    patch.remove()


@cache
def the_patches() -> Patches:
    """Return the patches of this process; the first call prepares the process for simulations."""
    # It starts `uname` once and keeps the answer. SDKs ask for it in the middle of their first request.
    platform.platform()
    install_audit_hook()
    return Patches()
