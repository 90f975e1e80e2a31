"""Minimal failing subsets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def minimise(items: Sequence[T], fails: Callable[[tuple[T, ...]], bool]) -> tuple[T, ...]:
    """Drop items one by one, as long as the rest fails."""
    kept = tuple(items)
    for one in items:
        some = tuple(other for other in kept if other is not one)
        if fails(some):
            kept = some
    return kept
