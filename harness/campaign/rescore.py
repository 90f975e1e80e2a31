"""Scoring again, and replaying, from what a results folder holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from harness.campaign.inputs import stored_events, stored_receipts, stored_record, stored_spec
from harness.campaign.rows import judged_columns, score_rows
from harness.campaign.trial import run_trial
from harness.errors import DatasetError
from harness.history import history_digest
from harness.scoring import Scorecard, score
from harness.store import SCHEMAS, read_manifest, read_part, write_part


class Rescored(msgspec.Struct, frozen=True):
    """How many trials were scored again, and which scores changed (``trial_id metric: old -> new``)."""

    trials: int
    changed: tuple[str, ...]


def rescore(folder: Path) -> Rescored:
    """Score every stored trial again from its record alone, and rewrite what scoring had written."""
    read_manifest(folder)
    trials = 0
    changed: list[str] = []
    for part in _parts(folder):
        rows = read_part(folder, "trials", part).to_pylist()
        cards = _score_part(folder, part, rows)
        changed += _changes(read_part(folder, "scores", part).to_pylist(), cards)
        _rewrite(folder, part, rows, cards)
        trials += len(rows)
    return Rescored(trials, tuple(changed))


def _parts(folder: Path) -> list[int]:
    return [int(path.stem.removeprefix("part-")) for path in sorted((folder / "trials").glob("part-*.parquet"))]


def _score_part(folder: Path, part: int, rows: list[dict[str, Any]]) -> dict[str, Scorecard]:
    events = stored_events(read_part(folder, "events", part))
    receipts = stored_receipts(read_part(folder, "faults", part))
    return {
        row["trial_id"]: score(
            stored_record(folder, row, events.get(row["trial_id"], []), receipts.get(row["trial_id"], []))
        )
        for row in rows
    }


def _changes(scores: list[dict[str, Any]], cards: dict[str, Scorecard]) -> list[str]:
    found = []
    for row in scores:
        now = cards[row["trial_id"]].scores.get(row["metric"])
        if now is None or now.value != row["value"]:
            found.append(f"{row['trial_id']} {row['metric']}: {row['value']} -> {now.value if now else 'gone'}")
    return found


def _rewrite(folder: Path, part: int, rows: list[dict[str, Any]], cards: dict[str, Scorecard]) -> None:
    names = SCHEMAS["trials"].names
    judged = [{**row, **judged_columns(cards[row["trial_id"]])} for row in rows]
    write_part(folder, "trials", part, [tuple(row[name] for name in names) for row in judged])
    for table in ("scores", "violations"):
        made = [line for trial_id, card in cards.items() for line in score_rows(trial_id, card)[table]]
        write_part(folder, table, part, made)


class Replayed(msgspec.Struct, frozen=True):
    """Whether a replay gave the same history, to the byte; ``first_difference`` is the number of the first event."""

    trial_id: str
    identical: bool
    stored_digest: str
    replayed_digest: str
    first_difference: int | None
    verdict: str


def replay(folder: Path, trial_id: str) -> Replayed:
    """Run a stored trial again from its spec and compare the histories."""
    for part in _parts(folder):
        for row in read_part(folder, "trials", part).to_pylist():
            if row["trial_id"] == trial_id:
                return _replay_row(folder, part, row)
    msg = f"{folder}: holds no trial {trial_id!r}; trial ids are in the trials table and in the report"
    raise DatasetError(msg)


def _replay_row(folder: Path, part: int, row: dict[str, Any]) -> Replayed:
    result = run_trial(stored_spec(row))
    now = history_digest(result.record.events)
    then = stored_events(read_part(folder, "events", part))[row["trial_id"]]
    pairs = zip(then, result.record.events, strict=False)
    first = next((number for number, (old, new) in enumerate(pairs) if old != new), None)
    if first is None and len(then) != len(result.record.events):
        first = min(len(then), len(result.record.events))
    identical = now == row["history_digest"]
    return Replayed(row["trial_id"], identical, row["history_digest"], now, first, score(result.record).verdict)
