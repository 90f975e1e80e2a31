"""A fixed order where asyncio leaves it to memory addresses: sets of tasks and futures, timers, async generators."""

from __future__ import annotations

import weakref
from asyncio import AbstractEventLoop, Future, Task, TimerHandle
from collections.abc import Iterator
from typing import Any, TypeVar

from harness.simulation.fences import FencedLoop

T = TypeVar("T")


class SimFuture(Future[T]):
    """A future whose hash is a running number, given when it is first put into a set.

    ``asyncio.wait`` returns sets; by the usual hash, an address, their order would differ from run to run.
    """

    def __hash__(self) -> int:
        try:
            return self._sequence
        except AttributeError:
            self._sequence: int = _next_number(self.get_loop())
            return self._sequence


class SimTask(Task[T]):
    """A task whose hash is a running number, for the same reason."""

    def __hash__(self) -> int:
        try:
            return self._sequence
        except AttributeError:
            self._sequence: int = _next_number(self.get_loop())
            return self._sequence


def _next_number(loop: AbstractEventLoop) -> int:
    assert isinstance(loop, FencedLoop)
    return next(loop.simulation.sequence)


class SimTimer(TimerHandle):
    """A timer with a tie-break: a heap alone runs equal deadlines in no order that one could name."""

    __slots__ = ("_tie",)
    _tie: float
    _when: float
    _scheduled: bool

    def schedule(self, tie: float) -> None:
        """Note that the timer is on its loop's heap, at the rank ``tie`` among its equals."""
        self._tie = tie
        self._scheduled = True

    def __lt__(self, other: TimerHandle) -> bool:
        assert isinstance(other, SimTimer)  # a loop has no others on its heap
        return self._when < other._when or (self._when == other._when and self._tie < other._tie)


class LivingGenerators:
    """The unfinished async generators of a loop, oldest first; stands where asyncio has a ``WeakSet``."""

    def __init__(self) -> None:
        self._by_id: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, generator: object) -> bool:
        return id(generator) in self._by_id

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self._by_id.values()))

    def add(self, generator: Any) -> None:
        """Take in one that has been started."""
        self._by_id[id(generator)] = generator

    def discard(self, generator: Any) -> None:
        """Drop one that is finished."""
        self._by_id.pop(id(generator), None)

    def clear(self) -> None:
        """Drop all."""
        self._by_id.clear()
