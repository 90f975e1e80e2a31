"""One mutant, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

Span = tuple[int, int]
Fate = Literal["caught", "raised", "died", "timeout", "survived", "stillborn"]


class Mutant(msgspec.Struct, frozen=True):
    """A module with one change; ``lines`` is the statement around it, None where it is executed when imported."""

    name: str
    path: Path
    line: int
    diff: str
    source: str
    lines: Span | None = None

    @property
    def module(self) -> str:
        """The module that is changed, without its package."""
        return self.path.stem


class Judgement(msgspec.Struct, frozen=True):
    """What came of a mutant.

    ``caught``: a scenario fell short of its expectations. ``raised``: a trial could not be played. ``died`` and
    ``timeout``: its process was gone, or took too long. ``stillborn``: it can not be imported, so it is no mutant.
    ``by`` and ``how`` name what told; ``digests`` are those of all histories by group, of a survivor alone.
    """

    fate: Fate
    by: str = ""
    how: str = ""
    digests: Mapping[int, tuple[str, ...]] = {}
