"""What changed between two snapshots of a world, and how to make the change again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from harness.history import plain

Path = tuple[str | int, ...]


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """One place that differs: ``kind`` is added, removed or changed; an absent side is None."""

    path: Path
    kind: str
    before: Any = None
    after: Any = None

    @property
    def dotted(self) -> str:
        """The path as people write it."""
        return ".".join(str(part) for part in self.path)


def changes(before: Any, after: Any) -> list[Change]:
    """Return the differences of two plain values, in key order.

    An entry that only one side has is one change; lists of different length are one change as a whole.
    """
    return list(_walk(before, after, ()))


def apply_changes(before: Any, differences: Iterable[Change]) -> Any:
    """Return a copy of ``before`` with ``differences`` made: the inverse of :func:`changes`."""
    after = plain(before)
    for change in differences:
        if not change.path:
            return plain(change.after)
        place = after
        for part in change.path[:-1]:
            place = place[part]
        if change.kind == "removed":
            del place[change.path[-1]]
        else:
            place[change.path[-1]] = plain(change.after)
    return after


def _walk(before: Any, after: Any, path: Path) -> Iterator[Change]:
    if before == after and type(before) is type(after):
        return
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _walk_tables(before, after, path)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _walk(old, new, (*path, index))
    else:
        yield Change(path, "changed", before, after)


def _walk_tables(before: dict[str, Any], after: dict[str, Any], path: Path) -> Iterator[Change]:
    for key in sorted({*before, *after}):
        inner = (*path, key)
        if key not in before:
            yield Change(inner, "added", None, after[key])
        elif key not in after:
            yield Change(inner, "removed", before[key], None)
        else:
            yield from _walk(before[key], after[key], inner)
