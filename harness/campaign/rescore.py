"""Scoring again from what a results folder holds."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from harness.campaign.inputs import stored_events, stored_receipts, stored_record, stored_spec
from harness.campaign.judging import Twins, judge
from harness.campaign.manifest import scorers
from harness.campaign.rows import JUDGED_COLUMNS, SCORED_COLUMNS, judged_columns, score_rows
from harness.campaign.specs import Family
from harness.errors import DatasetError, UsageError
from harness.scoring import METRICS, Scorecard
from harness.store import SCHEMAS, part_numbers, part_path, read_manifest, read_part, write_manifest, write_part

Rows = list[dict[str, Any]]
_JUDGED = ("trials", "scores", "violations")


class Rescored(msgspec.Struct, frozen=True):
    """How many trials were scored again, and what changed: one line for each value, basis, verdict or violation.

    A line reads ``trial_id what: old -> new``; ``absent`` stands for a side that there is not. ``outdated`` are the
    metrics that another version of the scorer had made, or that no manifest tells the version of.
    """

    trials: int
    changed: tuple[str, ...]
    outdated: tuple[str, ...]


class _Part(msgspec.Struct, frozen=True):
    """One part: the rows that scoring had written, the rows that it writes now, and what differs, in words.

    ``alone`` are the families whose fault-free twin was not known.
    """

    number: int
    rows: dict[str, Rows]
    changed: list[str]
    trials: int
    alone: set[Family]


def rescore(folder: Path, metrics: Collection[str] | None = None) -> Rescored:
    """Score every stored trial again from its record alone, and rewrite what scoring had written.

    With ``metrics`` only these are computed anew; verdicts, violations and other metrics stay as they are. The manifest
    tells afterwards which version of the scorer has made which number.

    Everything is read and checked before the first byte is written; raises DatasetError that names the file or the
    trial at fault, and UsageError for a metric that there is not. Parts that stay the same are left alone.
    """
    chosen = _chosen(metrics)
    manifest = read_manifest(folder)
    parts = _judge_all(folder, None if metrics is None else chosen)
    for part in parts:
        if part.changed:
            _rewrite(folder, part)
    made_by: dict[str, str] = manifest.get("scorers", {})
    today = {name: version for name, version in scorers().items() if name in chosen}
    outdated = tuple(name for name, version in today.items() if made_by.get(name) != version)
    if outdated:
        write_manifest(folder, {**manifest, "scorers": {**made_by, **today}})
    changed = tuple(line for part in parts for line in part.changed)
    return Rescored(sum(part.trials for part in parts), changed, outdated)


def _chosen(metrics: Collection[str] | None) -> frozenset[str]:
    known = [metric.name for metric in METRICS]
    if strange := sorted(set(metrics or ()) - set(known)):
        msg = f"there is no metric {strange[0]!r}; known: {', '.join(known)}"
        raise UsageError(msg)
    return frozenset(known if metrics is None else metrics)


def _judge_all(folder: Path, chosen: Collection[str] | None) -> list[_Part]:
    """Judge every part; a second time where a twin was found in a later one."""
    twins: Twins = {}
    parts = [_judge(folder, number, twins, chosen) for number in _whole_parts(folder)]
    return [_judge(folder, one.number, twins, chosen) if one.alone & twins.keys() else one for one in parts]


def _whole_parts(folder: Path) -> list[int]:
    """Return the parts of the folder; raises DatasetError when a table lacks one, or has one too many."""
    parts = {table: part_numbers(folder, table) for table in SCHEMAS}
    every = sorted({part for numbers in parts.values() for part in numbers})
    for table, numbers in parts.items():
        if missing := sorted(set(every) - set(numbers)):
            path = part_path(folder, table, missing[0])
            msg = f"{path}: is missing, while other tables have that part; run the scenario again"
            raise DatasetError(msg)
    return every


def _judge(folder: Path, part: int, twins: Twins, chosen: Collection[str] | None) -> _Part:
    tables = {table: read_part(folder, table, part) for table in SCHEMAS}
    stored = {table: tables[table].to_pylist() for table in _JUDGED}
    _check_trials(folder, part, {name: table["trial_id"].to_pylist() for name, table in tables.items()})
    events, receipts = stored_events(tables["events"]), stored_receipts(tables["faults"])
    rows = {row["trial_id"]: row for row in stored["trials"]}
    trials = [
        (stored_spec(row), stored_record(folder, row, events.get(one, []), receipts.get(one, [])))
        for one, row in rows.items()
    ]
    judged = judge(trials, twins)
    alone = {spec.family for spec, _ in trials} - twins.keys()
    cards = dict(zip(rows, judged, strict=True))
    made = _made(stored["trials"], cards) if chosen is None else _made_some(stored, cards, chosen)
    return _Part(part, made, list(_changes(stored, made)), len(cards), alone)


def _check_trials(folder: Path, part: int, ids: Mapping[str, list[str]]) -> None:
    """Raise DatasetError when a part holds no trial, one twice, or rows of a trial that is not in it."""
    path, trials = part_path(folder, "trials", part), ids["trials"]
    if not trials:
        msg = f"{path}: holds no trial; run the scenario again"
        raise DatasetError(msg)
    if twice := sorted({one for one in trials if trials.count(one) > 1}):
        msg = f"{path}: holds trial {twice[0]} twice; run the scenario again"
        raise DatasetError(msg)
    for table, found in ids.items():
        if strange := sorted(set(found) - set(trials)):
            msg = f"{part_path(folder, table, part)}: holds trial {strange[0]}, {path} does not; run the scenario again"
            raise DatasetError(msg)


def _made(trials: Rows, cards: Mapping[str, Scorecard]) -> dict[str, Rows]:
    made: dict[str, Rows] = {"trials": [{**row, **judged_columns(cards[row["trial_id"]])} for row in trials]}
    for table in ("scores", "violations"):
        names = SCHEMAS[table].names
        lines = (line for trial_id, card in cards.items() for line in score_rows(trial_id, card)[table])
        made[table] = [dict(zip(names, line, strict=True)) for line in lines]
    return made


def _made_some(stored: Mapping[str, Rows], cards: Mapping[str, Scorecard], chosen: Collection[str]) -> dict[str, Rows]:
    """Return what was stored with the scores of some metrics made anew, behind the others."""
    columns = [name for name in SCORED_COLUMNS if name in chosen]
    trials = [{**row, **{name: cards[row["trial_id"]].value(name) for name in columns}} for row in stored["trials"]]
    anew = [row for row in _made(stored["trials"], cards)["scores"] if row["metric"] in chosen]
    kept = [row for row in stored["scores"] if row["metric"] not in chosen]
    return {"trials": trials, "scores": [*kept, *anew], "violations": stored["violations"]}


def _changes(stored: Mapping[str, Rows], made: Mapping[str, Rows]) -> Iterator[str]:
    """Yield every difference once; a score stands in two tables."""
    old, new = _statements(stored), _statements(made)
    for what in dict.fromkeys((*old, *new)):
        before, after = old.get(what, ["absent"]), new.get(what, ["absent"])
        if before != after:
            yield f"{what}: {', '.join(before)} -> {', '.join(after)}"


def _statements(rows: Mapping[str, Rows]) -> dict[str, list[str]]:
    """Return what the tables say, by what it is about; a list, as a broken table could say a thing twice."""
    said: dict[str, list[str]] = {}
    for what, value in _sayings(rows):
        said.setdefault(what, []).append(value)
    for row in rows["trials"]:
        for name in JUDGED_COLUMNS:
            values = said.setdefault(f"{row['trial_id']} {name}", [])
            if str(row[name]) not in values:  # most of these scores stand in the table of scores as well
                values.append(str(row[name]))
    return said


def _sayings(rows: Mapping[str, Rows]) -> Iterator[tuple[str, str]]:
    for row in rows["scores"]:
        yield f"{row['trial_id']} {row['metric']}", str(row["value"])
        yield f"{row['trial_id']} {row['metric']} (basis)", row["basis"]
    for row in rows["violations"]:
        yield f"{row['trial_id']} violation {row['rule']} at {row['seq']}", _breach_text(row)


def _breach_text(row: Mapping[str, Any]) -> str:
    how = "blocked" if row["blocked"] else "executed"
    return f"{row['severity']}, {how}, {row['run_id']}: {row['message']}"


def _rewrite(folder: Path, part: _Part) -> None:
    for table, rows in part.rows.items():
        names = SCHEMAS[table].names
        write_part(folder, table, part.number, [tuple(row[name] for name in names) for row in rows])
