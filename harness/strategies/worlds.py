"""Worlds to draw from: the domain's own, less or more where the right path of a task does not look.

Whatever a task does not depend on may be otherwise, and nothing that is expected may change by it (a metamorphic
relation: Chen, Cheung and Yiu, "Metamorphic Testing", 1998). Two things vary in a world that is made of tables of rows:
newcomers, which are copies of rows under the next free id, and numbers, which become what they are in another row of
their table. Whether the task depends on it is not guessed: its right path is played in the new world, has to see and
to do exactly the same, and to pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import strategies as st

from harness.content import load_domain
from harness.errors import UsageError
from harness.history import canonical_json, plain
from harness.scoring import Record, score
from harness.strategies.playing import AS_IT_IS, World, record_of, trial_of
from harness.world import Change

_ID = re.compile(r"(.*?)(\d+)", re.DOTALL)

Rows = Mapping[str, Mapping[str, Any]]


@st.composite
def worlds(draw: st.DrawFn, domain: str, task: str, *, max_changes: int = 3) -> World:
    """Draw worlds in which the right path of a task sees and does what it always does, as changes of the domain's own.

    They shrink to fewer changes, newcomers before numbers. Raises UsageError for a task that does not exist, and for a
    domain in which nothing can vary.
    """
    project = Path.cwd()

    def unseen(*some: Change) -> bool:
        return _is_unseen(canonical_json(plain(some)), domain, task, project)

    ways = [st.sampled_from(way).filter(unseen) for way in _ways(domain, project) if way]
    if not ways:
        msg = f"nothing can vary in {domain}: its world has no table of rows with numbered ids or with numbers"
        raise UsageError(msg)
    changes = st.lists(st.one_of(ways), max_size=max_changes, unique_by=_what)
    return draw(changes.map(_in_order).filter(lambda world: unseen(*world)))


@lru_cache(maxsize=16)
def _ways(domain: str, _project: Path) -> tuple[Sequence[Change], Sequence[Change]]:
    """Return each single change: newcomers, all under the next free id of their table, and numbers."""
    tables = dict(_tables(load_domain(domain).initial))
    newcomers = [one for name, rows in tables.items() for one in _newcomers(name, rows)]
    return newcomers, [one for name, rows in tables.items() for one in _numbers(name, rows)]


def _tables(state: Any) -> Iterator[tuple[str, Rows]]:
    for name, table in state.items() if isinstance(state, dict) else ():
        if isinstance(table, dict) and table and all(isinstance(row, dict) for row in table.values()):
            yield name, table


def _newcomers(name: str, rows: Rows) -> Iterator[Change]:
    ids = [_ID.fullmatch(row_id) for row_id in rows]
    if all(ids):
        last = max((one for one in ids if one), key=lambda one: int(one[2]))
        new_id = _next(last[0])
        yield from (Change((name, new_id), "added", None, plain(row)) for row in rows.values())


def _next(row_id: str, by: int = 1) -> str:
    found = _ID.fullmatch(row_id)
    assert found is not None
    return f"{found[1]}{int(found[2]) + by:0{len(found[2])}d}"


def _numbers(name: str, rows: Rows) -> Iterator[Change]:
    for row_id, row in rows.items():
        for column, value in row.items():
            if _is_number(value):
                others = {other[column] for other in rows.values() if _is_number(other.get(column))} - {value}
                yield from (Change((name, row_id, column), "changed", value, other) for other in sorted(others))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _what(change: Change) -> Any:
    """Return what must not come twice: the same place, or a second copy of the same row."""
    return change.path, canonical_json(change.after) if change.kind == "added" else b""


def _in_order(drawn: Iterable[Change]) -> World:
    """Give each newcomer of a table an id of its own."""
    numbers: dict[tuple[str | int, ...], Iterator[int]] = {}
    changes = []
    for change in drawn:
        if change.kind == "added":
            table, row_id = change.path
            by = next(numbers.setdefault(change.path, count()))
            changes.append(msgspec.structs.replace(change, path=(table, _next(str(row_id), by))))
        else:
            changes.append(change)
    return tuple(changes)


@lru_cache(maxsize=16_384)
def _is_unseen(world: bytes, domain: str, task: str, project: Path) -> bool:
    """Whether the right path of a task goes in a world as it goes in the domain's own, and passes."""
    record = _right_path(domain, task, msgspec.json.decode(world, type=World))
    return _trace(record) == _usual(domain, task, project) and score(record).outcome == "passed"


@lru_cache(maxsize=64)
def _usual(domain: str, task: str, _project: Path) -> Any:
    return _trace(_right_path(domain, task, AS_IT_IS))


def _right_path(domain: str, task: str, world: World) -> Record:
    return record_of(trial_of(domain, task, "reference", 0), world)


def _trace(record: Record) -> Any:
    """Return all that was seen and done; the digest of the world tells of what was not."""
    return [event for event in record.events if event.kind != "world_settled"], record.changes
