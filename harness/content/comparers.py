"""How one value is compared with what a task expects."""

from __future__ import annotations

import math
import re
from typing import Any, Self

from pydantic import model_validator

from harness.boundary import Frozen
from harness.content.fields import Pattern

_RANGE = ("at_least", "at_most")


class Comparer(Frozen):
    """Exactly one comparison; a bare value in YAML means ``equals``.

    ``close_to`` allows ``within`` (default 0.005); ``at_least`` and ``at_most`` may stand together, as a range;
    ``subset_of`` and ``contains`` compare lists or texts; ``matches`` is a regular expression that must match the whole
    text; ``anything`` accepts every value, also none.
    """

    equals: Any = None
    any_of: tuple[Any, ...] | None = None
    close_to: float | None = None
    within: float = 0.005
    at_least: float | None = None
    at_most: float | None = None
    contains: Any = None
    subset_of: tuple[Any, ...] | None = None
    matches: Pattern | None = None
    anything: bool = False

    @model_validator(mode="before")
    @classmethod
    def _bare_value(cls, value: Any) -> Any:
        is_comparer = isinstance(value, Comparer) or (isinstance(value, dict) and set(value) <= set(cls.model_fields))
        return value if is_comparer and value != {} else {"equals": value}

    @model_validator(mode="after")
    def _one_comparison(self) -> Self:
        if len(self.ways) != 1 and self.ways != _RANGE:
            msg = f"give exactly one comparison, not {list(self.ways)}"
            raise ValueError(msg)
        return self

    @property
    def ways(self) -> tuple[str, ...]:
        """The comparisons that were given."""
        return tuple(sorted(self.model_fields_set - {"within", "path"}))

    def accepts(self, value: Any) -> bool:
        """Whether ``value`` is what was expected."""
        if self.anything:
            return True
        if self.any_of is not None:
            return any(same(value, one) for one in self.any_of)
        if self.close_to is not None:
            return _is_number(value) and abs(value - self.close_to) <= self.within
        if self.at_least is not None or self.at_most is not None:
            return _is_number(value) and self._in_range(value)
        if self.subset_of is not None:
            return isinstance(value, list) and all(any(same(one, other) for other in self.subset_of) for one in value)
        if self.matches is not None:
            return isinstance(value, str) and re.fullmatch(self.matches, value, re.DOTALL) is not None
        if "contains" in self.model_fields_set:
            return _contains(value, self.contains)
        return same(value, self.equals)

    def describe(self) -> str:
        """Say in words what is accepted."""
        if self.anything:
            return "anything"
        return " and ".join(self._described(way) for way in self.ways)

    def _in_range(self, value: float) -> bool:
        return (self.at_least is None or value >= self.at_least) and (self.at_most is None or value <= self.at_most)

    def _described(self, way: str) -> str:
        value = getattr(self, way)
        if way == "equals":
            return repr(value)
        return f"{way.replace('_', ' ')} {f'{value:.12g}' if way in _RANGE else repr(value)}"


def same(left: Any, right: Any) -> bool:
    """Equality of plain data: numbers by value, but true is not 1; texts to the letter."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if _is_number(left) and _is_number(right):
        return math.isclose(left, right, rel_tol=1e-12, abs_tol=0.0)
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(same(one, other) for one, other in zip(left, right, strict=True))
    return bool(left == right)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _contains(value: Any, part: Any) -> bool:
    if isinstance(value, str):
        return str(part).lower() in value.lower()
    if isinstance(value, list):
        return any(same(one, part) for one in value)
    return isinstance(value, dict) and part in value
