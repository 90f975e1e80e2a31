"""Each room of the house says what it is for and what it lends out."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2] / "harness"
ROOMS = sorted(folder.name for folder in HOUSE.iterdir() if any(folder.glob("*.py")))


def reading_order(name: str) -> tuple[int, list[str | int]]:
    """Constants, then classes, then functions, each by name: the order that ruff's RUF022 wants."""
    kind = 0 if name.isupper() else 1 if name[:1].isupper() else 2
    return kind, [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_a_package(room: str) -> None:
    """A folder with modules but no ``__init__.py`` would be importable here and lack its docstring."""
    assert (HOUSE / room / "__init__.py").is_file()


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_it_is_for(room: str) -> None:
    """The docstring is the room's plate: purpose, and what may come in."""
    docstring = importlib.import_module(f"harness.{room}").__doc__
    assert docstring is not None
    assert docstring.strip()


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_exports_what_it_lists(room: str) -> None:
    """``__all__`` is in order, free of repeats, and every name in it is there."""
    module = importlib.import_module(f"harness.{room}")
    names = list(module.__all__)
    assert names == sorted(set(names), key=reading_order)
    assert [name for name in names if not hasattr(module, name)] == []
