"""The smallest part of a sequence that still fails, in few tries.

Delta debugging in aim (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", IEEE TSE 28(2),
2002): the result is 1-minimal, no single item can be dropped. The search is another one: ``ddmin`` needs up to
quadratically many tries, so the items that are needed are found one by one with a binary search each, as in QuickXplain
(Junker, "QuickXplain: Preferred Explanations and Relaxations for Over-Constrained Problems", AAAI 2004).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeVar

T = TypeVar("T")

Numbers = tuple[int, ...]


def minimise(items: Sequence[T], fails: Callable[[tuple[T, ...]], bool]) -> tuple[T, ...]:
    """Return a part of ``items``, in their order, that fails, and that does not without any single one of its items.

    ``fails`` is asked about each part at most once, and need not be monotone: whatever it says, both hold of the
    result. Where it is monotone (whatever contains a failing part fails), k needed items among n take at most
    2 + k (2 + log2 n) questions, the logarithm rounded up, and no failing part ends before the result does.
    Raises ValueError when the whole does not fail.
    """
    asked = _Asked(items, fails)
    part = tuple(range(len(items)))
    if not asked.fails(part):
        msg = f"nothing to minimise: all {len(items)} items together do not fail"
        raise ValueError(msg)
    while True:
        part = _needed(part, asked)
        smaller = next((less for less in _without_one(part) if asked.fails(less)), None)
        if smaller is None:
            return tuple(items[number] for number in part)
        part = smaller


class _Asked:
    """Remembers what was asked, by the numbers of the items."""

    def __init__(self, items: Sequence[T], fails: Callable[[tuple[T, ...]], bool]) -> None:
        self._items = items
        self._fails = fails
        self._known: dict[Numbers, bool] = {}

    def fails(self, part: Numbers) -> bool:
        if part not in self._known:
            self._known[part] = self._fails(tuple(self._items[number] for number in part))
        return self._known[part]


def _needed(part: Numbers, asked: _Asked) -> Numbers:
    """Return a failing part of a failing part: what was needed last, then what that needs beside it, and so on."""
    needed: Numbers = ()
    while not asked.fails(needed):
        count = _first(1, len(part), partial(_fails_with, part, needed, asked))
        needed = (part[count - 1], *needed)
        part = part[: count - 1]
    return needed


def _fails_with(part: Numbers, needed: Numbers, asked: _Asked, count: int) -> bool:
    return asked.fails(part[:count] + needed)


def _first(low: int, high: int, fails: Callable[[int], bool]) -> int:
    """Return a number from ``low`` to ``high`` that fails, while the one before it does not.

    It is known, and not asked, that ``low - 1`` does not fail and ``high`` does.
    """
    while low < high:
        middle = (low + high) // 2
        if fails(middle):
            high = middle
        else:
            low = middle + 1
    return low


def _without_one(part: Numbers) -> Iterable[Numbers]:
    return (part[:place] + part[place + 1 :] for place in range(len(part)))
