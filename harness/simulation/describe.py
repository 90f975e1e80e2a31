"""Who waits, and who called: file and line of the user's own frames, for the messages of breaches."""

from __future__ import annotations

import os
import sys
import sysconfig
from asyncio import AbstractEventLoop, all_tasks
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import Any

OWN, INSTALLED, MACHINERY = range(3)
_SITES = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_HERE = str(Path(__file__).parent)
_ENTRY = str(Path(__file__).with_name("entry.py"))
_MACHINERY = (sysconfig.get_path("stdlib"), str(Path(os.__file__).parent), _HERE, "<frozen")
_MOST_TASKS = 20


@lru_cache(maxsize=4096)
def _nearness(filename: str) -> int:
    """Say how near a file is to the user: own code, an installed package, or the machinery below."""
    if any(site in filename for site in _SITES):
        return MACHINERY if filename.startswith(_HERE) else INSTALLED
    return MACHINERY if filename.startswith(_MACHINERY) else OWN


def _nearest(frames: Iterable[FrameType]) -> tuple[int, FrameType | None]:
    """Return the first frame of the user's own code, else of an installed package, else the first at all."""
    best, found = MACHINERY + 1, None
    for frame in frames:
        nearness = _nearness(frame.f_code.co_filename)
        if nearness < best:
            best, found = nearness, frame
        if best == OWN:
            break
    return best, found


def _callers(frame: FrameType | None) -> Iterator[FrameType]:
    """Walk outwards, as far as the simulation reaches: who started it is not at fault."""
    while frame is not None and frame.f_code.co_filename != _ENTRY:
        yield frame
        frame = frame.f_back


def _place(frame: FrameType) -> str:
    path = Path(frame.f_code.co_filename)
    short = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return f"{short}:{frame.f_lineno}"


def place_of(frame: FrameType | None) -> str:
    """Return ``file:line in function`` of the user's frame nearest to ``frame``, or nothing."""
    _, found = _nearest(_callers(frame))
    return "" if found is None else f"{_place(found)} in {found.f_code.co_qualname}"


def caller(loop: AbstractEventLoop | None) -> str:
    """Say who called into the simulation, from the frames that are now on the stack.

    A library may call from a task of its own, with no frame of the user below it; then the waiting coroutines are
    named as well.
    """
    nearness, found = _nearest(_callers(sys._getframe(1)))  # noqa: SLF001
    place = "an unknown place" if found is None else f"{_place(found)} in {found.f_code.co_qualname}"
    return place if nearness == OWN or loop is None else f"{place} (at work: {coroutines(loop)})"


def _await_chain(awaitable: Any) -> Iterator[FrameType]:
    """Walk from a task's coroutine down to what it awaits in the end."""
    while awaitable is not None:
        for prefix in ("cr", "gi", "ag"):
            frame = getattr(awaitable, f"{prefix}_frame", None)
            if frame is not None:
                yield frame
                break
        else:
            return
        awaitable = getattr(awaitable, f"{prefix}_{'yieldfrom' if prefix == 'gi' else 'await'}")


def coroutines(loop: AbstractEventLoop) -> str:
    """Name the unfinished coroutines of ``loop``, oldest first, each with the line where it stands."""
    tasks = sorted(all_tasks(loop), key=hash)
    names = [_standing(task.get_coro()) for task in tasks[:_MOST_TASKS]]
    if len(tasks) > _MOST_TASKS:
        names.append(f"and {len(tasks) - _MOST_TASKS} more")
    return ", ".join(names) or "none"


def _standing(coroutine: Any) -> str:
    name = getattr(coroutine, "__qualname__", repr(coroutine))
    _, found = _nearest(reversed(list(_await_chain(coroutine))))
    return name if found is None else f"{name} ({_place(found)})"
