"""The data of a file together with the line of each of its places, so that an error can point at it."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

Place = tuple[str | int, ...]

_WIDEST = 80


class Located:
    """The table in one YAML file, and the line of each of its places (line 1 is the first).

    ``problems`` are those that reading went on after. What they, or :meth:`without`, have taken out of ``data`` is
    remembered, so that nobody complains of its absence.
    """

    def __init__(self, path: Path, data: Any, lines: dict[Place, tuple[int, Place]]) -> None:
        self.path = path
        self.data = data
        self.problems: tuple[str, ...] = ()
        self._lines = lines
        self._damage: tuple[Place, ...] = ()

    def where(self, place: Sequence[str | int]) -> str:
        """Return ``file:line: dotted.key`` of the nearest place that the file really has.

        A part that the file leaves out, because a model takes a shorter form, is passed over.
        """
        line, shown = 1, list(place)
        known: Place = ()
        for index, part in enumerate(place):
            if (*known, part) in self._lines:
                known = (*known, part)
                line, origin = self._lines[known]
                shown[index] = origin[-1]  # a list item may have moved up since
        return f"{self.path}:{line}: {dotted(shown)}"

    def real(self, place: Sequence[str | int]) -> Place:
        """Return the nearest place that the file really has."""
        known: Place = ()
        for part in place:
            if (*known, part) in self._lines:
                known = (*known, part)
        return known

    def damaged(self, place: Sequence[str | int]) -> bool:
        """Whether something has been taken out of the nearest place that the file really has."""
        origin = self._origin(place)
        return any(one[: len(origin)] == origin for one in self._damage)

    def lost(self, place: Sequence[str | int]) -> bool:
        """Whether what is missing at ``place`` has been taken out."""
        if isinstance(place[-1], int):
            return self.damaged(place[:-1])
        return (*self._origin(place[:-1]), place[-1]) in self._damage

    def _origin(self, place: Sequence[str | int]) -> Place:
        real = self.real(place)
        return self._lines[real][1] if real else ()

    def without(self, places: Iterable[Place], *, harmless: bool = False) -> Located:
        """Return a copy that lacks ``places``; ``harmless`` ones leave no damage behind."""
        gone = sorted({place for place in places if place in self._lines}, key=_reading_order, reverse=True)
        if not gone:
            return self
        data, lines = copy.deepcopy(self.data), dict(self._lines)
        for place in gone:
            _take_out(data, place)
            lines = dict(_moved_up(lines, place))
        left = Located(self.path, data, lines)
        left.problems = self.problems
        left._damage = self._damage if harmless else (*self._damage, *(self._lines[place][1] for place in gone))
        return left


def _reading_order(place: Place) -> list[tuple[int, str]]:
    return [(part, "") if isinstance(part, int) else (-1, part) for part in place]


def _take_out(data: Any, place: Place) -> None:
    try:
        for part in place[:-1]:
            data = data[part]
        del data[place[-1]]
    except (KeyError, IndexError, TypeError):
        return  # a key of the file's own stands where a merged one was


def _moved_up(lines: dict[Place, tuple[int, Place]], gone: Place) -> Iterator[tuple[Place, tuple[int, Place]]]:
    *before, last = gone
    depth = len(before)
    for place, found in lines.items():
        if place[: depth + 1] == gone:
            continue
        part = place[depth] if len(place) > depth and list(place[:depth]) == before else None
        if isinstance(part, int) and isinstance(last, int) and part > last:
            yield (*place[:depth], part - 1, *place[depth + 1 :]), found
        else:
            yield place, found


def dotted(place: Sequence[str | int]) -> str:
    """Write a place as people do; the whole is ``the file``."""
    parts = (str(part) for part in place)
    return (
        ".".join(part if part.isprintable() and len(part) < _WIDEST else shorten(part) for part in parts) or "the file"
    )


def shorten(value: object) -> str:
    """Show a value, cut to what a line can hold."""
    shown = repr(value)
    return shown if len(shown) <= _WIDEST else f"{shown[:_WIDEST]}… ({len(shown)} characters)"
