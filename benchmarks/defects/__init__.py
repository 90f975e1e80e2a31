"""Defects: the reference orchestrator with one part missing or wrong, and the scenario that catches each.

A module of this package holds its defects as ``Parts`` and lists them in ``DEFECTS``: name, scenario, rows. An agent of
a scenario can be one of them: ``parts: benchmarks.defects.keys:key_for_every_attempt``.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping

import msgspec

from benchmarks.defects.caught import Caught

NAMESPACE = "benchmarks.defects"
_MACHINERY = ("__main__", "caught")


class Defect(msgspec.Struct, frozen=True):
    """One defect; ``parts`` names what it is made of as ``module:attribute``, ``scenario`` is a file stem."""

    name: str
    parts: str
    scenario: str
    rows: tuple[str, ...]


def load_defects() -> dict[str, Defect]:
    """Return the defects of all modules by name; raises ValueError for a name that occurs twice."""
    defects: dict[str, Defect] = {}
    for one in _all():
        if one.name in defects:
            raise ValueError(f"two defects are named {one.name!r}: {defects[one.name].parts} and {one.parts}")
        defects[one.name] = one
    return defects


def _all() -> Iterator[Defect]:
    for module in pkgutil.iter_modules(__path__, f"{NAMESPACE}."):
        if module.name.rpartition(".")[2] not in _MACHINERY:
            listed: Mapping[str, Caught] = getattr(importlib.import_module(module.name), "DEFECTS", {})
            for name, caught in listed.items():
                yield Defect(name, f"{module.name}:{name}", caught.scenario, caught.rows)
