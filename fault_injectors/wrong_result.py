"""Wrong results: the tool answers ok, and what it says is cut, changed or made up.

Harm: an agent acts on it: refunds cents as dollars, tells one customer's data to another, takes "nothing found" for an
answer, or chokes on a field that has another name since this morning. Seen after releases of a tool, with full disks
and bad parsers, and wherever a model stands behind a tool. A good agent checks the shape of a result, compares what it
says about itself with what was asked, lets tools recompute what matters, and shortens what is too long. A wrong amount
that the only source tells is beyond any agent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from typing import Annotated, Any, Literal

import msgspec
from pydantic import Field

from harness.boundary import CallFault, Exchange, Frozen, Reply, Variants

Way = Literal[
    "empty",
    "partial",
    "new_schema",
    "swapped_fields",
    "wrong_type",
    "wrong_unit",
    "fabricated",
    "contradictory",
    "oversize",
]
_DIGITS = re.compile(r"\d+")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_UNITS_IN_ONE = 100  # cents for dollars
_FILLER = "2026-01-01T00:00:00Z DEBUG retrying upstream pool connection; "


class WrongResultOptions(Frozen):
    """``way`` is what is wrong with the result; ``characters`` how long an oversize one becomes."""

    way: Way
    characters: Annotated[int, Field(ge=1, le=10_000_000)] = 100_000


async def damage(options: WrongResultOptions, exchange: Exchange) -> Reply:
    """Let the tool answer, and change its result; a result that can not be wrong in this way stays as it is."""
    reply = await exchange.proceed()
    if not reply.ok or not isinstance(reply.value, dict):
        return reply
    if options.way == "oversize":
        filler = _FILLER * (options.characters // len(_FILLER) + 1)
        value = {**reply.value, "log": filler[: options.characters]}
    else:
        value = WAYS[options.way](reply.value)
    return msgspec.structs.replace(reply, value=value)


def _empty(value: dict[str, Any]) -> dict[str, Any]:
    """Keep the lists, with nothing in them."""
    return {name: [] for name, one in value.items() if isinstance(one, list)}


def _partial(value: dict[str, Any]) -> dict[str, Any]:
    """Keep the first half of each list; where there is none, of the fields; and say so."""
    if any(isinstance(one, list) for one in value.values()):
        halved = {name: one[: len(one) // 2] if isinstance(one, list) else one for name, one in value.items()}
    else:
        halved = dict(list(value.items())[: len(value) // 2])
    return {**halved, "partial": True}


def _new_schema(value: dict[str, Any]) -> dict[str, Any]:
    """Put everything under ``data``, with names in another style."""
    return {"version": 2, "data": _renamed(value)}


def _renamed(value: Any) -> Any:
    if isinstance(value, dict):
        return {re.sub(r"_(\w)", lambda found: found[1].upper(), name): _renamed(one) for name, one in value.items()}
    return [_renamed(one) for one in value] if isinstance(value, list) else value


def _swapped(value: dict[str, Any]) -> dict[str, Any]:
    """Swap the first two fields that can be mistaken for each other."""
    for table in _tables(value):
        for (one, left), (other, right) in combinations(table.items(), 2):
            if type(left) is type(right) and left != right and isinstance(left, str | int | float):
                swapped: dict[str, Any] = _replaced(value, table, {**table, one: right, other: left})
                return swapped
    return value


def _tables(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for one in value.values():
            yield from _tables(one)
    elif isinstance(value, list):
        for one in value:
            yield from _tables(one)


def _replaced(value: Any, old: dict[str, Any], new: dict[str, Any]) -> Any:
    if value is old:
        return new
    if isinstance(value, dict):
        return {name: _replaced(one, old, new) for name, one in value.items()}
    return [_replaced(one, old, new) for one in value] if isinstance(value, list) else value


def _each_leaf(change: Callable[[str, Any], Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return a function that changes every leaf; ``change`` gets the name of its field as well."""

    def walk(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {key: walk(one, key) for key, one in value.items()}
        return [walk(one, name) for one in value] if isinstance(value, list) else change(name, value)

    return walk


def _as_text(_name: str, leaf: Any) -> Any:
    """Write numbers as texts, and wrap texts in a list."""
    if isinstance(leaf, bool | int | float):
        return str(leaf).lower()
    return None if leaf is None else [leaf]


def _in_smaller_units(name: str, leaf: Any) -> Any:
    if isinstance(leaf, bool) or not isinstance(leaf, int | float) or name.endswith("id"):
        return leaf
    return round(leaf * _UNITS_IN_ONE, 2)


def _made_up(_name: str, leaf: Any) -> Any:
    """Return something of the same form: the next identifier, a day four years later, another number."""
    if isinstance(leaf, bool) or leaf is None:
        return leaf
    if isinstance(leaf, int | float):
        return leaf + 7
    if _DATE.fullmatch(leaf):
        return f"{int(leaf[:4]) + 4}{leaf[4:]}"
    return _DIGITS.sub(lambda found: f"{int(found[0]) + 1:0{len(found[0])}d}", leaf) if _DIGITS.search(leaf) else leaf


def _contradictory(value: dict[str, Any]) -> dict[str, Any]:
    """Change one statement, so that it denies the others, or what was said before."""
    name = next((name for name, one in value.items() if isinstance(one, bool | int | float)), None)
    if name is None:
        return value
    one = value[name]
    return {**value, name: not one if isinstance(one, bool) else one + 1}


WAYS: Mapping[Way, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "empty": _empty,
    "partial": _partial,
    "new_schema": _new_schema,
    "swapped_fields": _swapped,
    "wrong_type": _each_leaf(_as_text),
    "wrong_unit": _each_leaf(_in_smaller_units),
    "fabricated": _each_leaf(_made_up),
    "contradictory": _contradictory,
}
VARIANTS: Variants = {
    "empty": {"way": "empty"},
    "partial result": {"way": "partial"},
    "schema change": {"way": "new_schema"},
    "swapped fields": {"way": "swapped_fields"},
    "wrong type": {"way": "wrong_type"},
    "wrong unit": {"way": "wrong_unit"},
    "fabricated": {"way": "fabricated"},
    "contradictory": {"way": "contradictory"},
    "oversize": {"way": "oversize"},
}

KINDS = (
    CallFault(
        "wrong_result", "wrong_result", WrongResultOptions, ("tool", "retrieval"), damage, VARIANTS, misleads=True
    ),
)
