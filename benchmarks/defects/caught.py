"""Where a defect is caught."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, init=False)
class Caught:
    """The pattern scenario (a file stem) that fails with a defect, and the rows whose pattern the defect breaks."""

    scenario: str
    rows: tuple[str, ...]

    def __init__(self, scenario: str, *rows: str) -> None:
        object.__setattr__(self, "scenario", scenario)
        object.__setattr__(self, "rows", rows)
