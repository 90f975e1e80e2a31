"""The run log: append-only, durable, and all that is needed to go on with a run after a crash."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec

from harness.boundary import Reply


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a run's log; ``at_s`` is epoch seconds.

    ``begun`` opens the log. ``sent`` is written before a call goes out, ``answered`` when its reply is known, ``slept``
    when a wait is over, ``refused`` when a part that other runs share has said no; all four name what they are about by
    ``key``. ``emitted`` is an event of the control flow. ``lost`` says that everything above it is gone, ``torn``
    stands for a line that can not be read.
    """

    kind: Literal["begun", "sent", "answered", "slept", "refused", "emitted", "lost", "torn"]
    at_s: float
    key: str = ""
    port: str = ""
    name: str = ""
    step: int | None = None
    reply: Reply | None = None
    event: str = ""
    fields: dict[str, Any] = {}


class RunLog(Protocol):
    """Keeps the entries of runs in order."""

    def append(self, run_id: str, entry: Entry) -> None:
        """Write one entry; it is there to stay when this returns."""

    def entries(self, run_id: str) -> list[Entry]:
        """Return what is known of a run, oldest first; nothing for a run that never began."""


_ENCODER = msgspec.json.Encoder(order="deterministic")
_DECODER = msgspec.json.Decoder(Entry)


def _kept(entries: list[Entry]) -> list[Entry]:
    kept: list[Entry] = []
    for entry in entries:
        if entry.kind == "lost":
            kept.clear()
        elif entry.kind == "torn":
            kept.pop()
            kept += [entry] if kept else []
        else:
            kept.append(entry)
    return kept


class MemoryRunLog:
    """A log that outlives runs and not the process."""

    def __init__(self) -> None:
        self._entries: defaultdict[str, list[Entry]] = defaultdict(list)

    def append(self, run_id: str, entry: Entry) -> None:
        """Keep one entry."""
        self._entries[run_id].append(entry)

    def entries(self, run_id: str) -> list[Entry]:
        """Return the entries of a run."""
        return _kept(self._entries[run_id])


class SqliteRunLog:
    """A log in one SQLite file; every entry is on the disk before the run goes on.

    Two processes that drive the same run would write the same line: the second one gets ``sqlite3.IntegrityError``.
    """

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS entries"
            " (run_id TEXT, line INTEGER, entry BLOB, PRIMARY KEY (run_id, line)) WITHOUT ROWID"
        )
        self._lines: dict[str, int] = {}

    def append(self, run_id: str, entry: Entry) -> None:
        """Write one entry and wait for the disk."""
        line = self._lines.get(run_id)
        if line is None:
            line = self._count(run_id)
        self._database.execute("INSERT INTO entries VALUES (?, ?, ?)", (run_id, line, _ENCODER.encode(entry)))
        self._lines[run_id] = line + 1

    def entries(self, run_id: str) -> list[Entry]:
        """Return the entries of a run."""
        rows = self._database.execute("SELECT entry FROM entries WHERE run_id = ? ORDER BY line", (run_id,)).fetchall()
        self._lines[run_id] = len(rows)
        return _kept([_DECODER.decode(entry) for (entry,) in rows])

    def run_ids(self) -> list[str]:
        """Return every run that ever began."""
        return [run_id for (run_id,) in self._database.execute("SELECT DISTINCT run_id FROM entries ORDER BY run_id")]

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _count(self, run_id: str) -> int:
        [(count,)] = self._database.execute("SELECT COUNT(*) FROM entries WHERE run_id = ?", (run_id,))
        return int(count)
