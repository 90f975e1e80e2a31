"""Scoring again, and replaying, from what a results folder holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from harness.agents import resolve
from harness.boundary import plan_problems
from harness.campaign.inputs import check_history, stored_events, stored_receipts, stored_record, stored_spec
from harness.campaign.rows import JUDGED_COLUMNS, judged_columns, score_rows
from harness.campaign.specs import TrialSpec
from harness.campaign.trial import run_trial
from harness.content import all_fault_kinds, load_domain
from harness.errors import ContentError, DatasetError
from harness.history import Event, encode_events, history_digest
from harness.scoring import Record, Scorecard, score
from harness.store import SCHEMAS, part_numbers, part_path, read_manifest, read_part, write_part

Rows = list[dict[str, Any]]
_JUDGED = ("trials", "scores", "violations")


class Rescored(msgspec.Struct, frozen=True):
    """How many trials were scored again, and what changed: one line for each value, basis, verdict or violation.

    A line reads ``trial_id what: old -> new``; ``absent`` stands for a side that there is not.
    """

    trials: int
    changed: tuple[str, ...]


class _Part(msgspec.Struct, frozen=True):
    """One part: the rows that scoring had written, the rows that it writes now, and what differs, in words."""

    number: int
    rows: dict[str, Rows]
    changed: list[str]
    trials: int


def rescore(folder: Path) -> Rescored:
    """Score every stored trial again from its record alone, and rewrite what scoring had written.

    Everything is read and checked before the first byte is written; raises DatasetError that names the file or the
    trial at fault. Parts that stay the same are left alone.
    """
    read_manifest(folder)
    parts = [_judge(folder, part) for part in _whole_parts(folder)]
    for part in parts:
        if part.changed:
            _rewrite(folder, part)
    return Rescored(sum(part.trials for part in parts), tuple(line for part in parts for line in part.changed))


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


def _judge(folder: Path, part: int) -> _Part:
    tables = {table: read_part(folder, table, part) for table in SCHEMAS}
    stored = {table: tables[table].to_pylist() for table in _JUDGED}
    _check_trials(folder, part, {name: table["trial_id"].to_pylist() for name, table in tables.items()})
    events, receipts = stored_events(tables["events"]), stored_receipts(tables["faults"])
    cards: dict[str, Scorecard] = {}
    for row in stored["trials"]:
        trial_id = row["trial_id"]
        spec = stored_spec(row)
        record = stored_record(folder, row, events.get(trial_id, []), receipts.get(trial_id, []))
        cards[trial_id] = score(record, spec.expect)
    made = _made(stored["trials"], cards)
    return _Part(part, made, list(_changes(stored, made)), len(cards))


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


class Replayed(msgspec.Struct, frozen=True):
    """Whether a replay gave the same history, to the byte.

    ``first_difference`` is the number of the first event that differs, ``then`` and ``now`` say what it was and is.
    """

    trial_id: str
    identical: bool
    stored_digest: str
    replayed_digest: str
    first_difference: int | None
    then: str
    now: str
    stored_verdict: str
    verdict: str


def replay(folder: Path, trial_id: str) -> Replayed:
    """Run a stored trial again from its spec and compare the histories.

    Raises DatasetError when the stored history is not the one that was run, or when what the trial needs is gone, and
    AgentError when its agent is.
    """
    part, row = _find_row(folder, trial_id)
    spec = stored_spec(row)
    then = stored_events(read_part(folder, "events", part)).get(spec.trial_id, [])
    check_history(f"{folder}: trial {spec.trial_id}", row, then)
    return _compared(row, then, run_trial(_playable(folder, spec)).record)


def find_trial(folder: Path, trial_id: str) -> TrialSpec:
    """Return a stored trial, ready to be played again.

    Raises DatasetError when it is not there, or when what it needs is gone, and AgentError when its agent is.
    """
    return _playable(folder, stored_spec(_find_row(folder, trial_id)[1]))


def _find_row(folder: Path, trial_id: str) -> tuple[int, dict[str, Any]]:
    """Return the part and the row of a stored trial."""
    read_manifest(folder)
    for part in part_numbers(folder, "trials"):
        for row in read_part(folder, "trials", part).to_pylist():
            if row["trial_id"] == trial_id:
                return part, row
    msg = f"{folder}: holds no trial {trial_id!r}; trial ids are in the trials table and in the report"
    raise DatasetError(msg)


def _playable(folder: Path, spec: TrialSpec) -> TrialSpec:
    if missing := list(_missing(spec)):
        msg = f"{folder}: trial {spec.trial_id} can not be played again: {'; '.join(missing)}; {_CURE}"
        raise DatasetError(msg)
    return spec


def _compared(row: dict[str, Any], then: list[Event], record: Record) -> Replayed:
    replayed, stored = history_digest(record.events), row["history_digest"]
    first = None if replayed == stored else _first_difference(then, record.events)
    return Replayed(
        trial_id=row["trial_id"],
        identical=replayed == stored,
        stored_digest=stored,
        replayed_digest=replayed,
        first_difference=first,
        then=_event_text(then, first),
        now=_event_text(record.events, first),
        stored_verdict=row["verdict"],
        verdict=score(record).verdict,
    )


def _event_text(events: Sequence[Event], number: int | None) -> str:
    if number is None or number >= len(events):
        return "nothing"
    event = events[number]
    where = event.address or event.name or event.run_id or "the trial"
    return f"{event.kind} {where} {event.result or ''} at {event.time_s:g} s".replace("  ", " ")


_CURE = "play it with the files that it was run with, or run the scenario again"


def _missing(spec: TrialSpec) -> Iterator[str]:
    """Yield what a trial names and today's packs do not have; raises AgentError for its agent."""
    try:
        domain = load_domain(spec.domain)
    except ContentError as error:
        yield from error.problems
        return
    if spec.task_id not in domain.tasks:
        yield f"there is no task {spec.task_id!r} in {domain.name}"
    yield from plan_problems(spec.plan, all_fault_kinds())
    for fault in spec.plan.faults:
        injection = fault.options.get("injection")
        if injection is not None and injection not in domain.injections:
            yield f"there is no injection {injection!r} in {domain.name}"
    resolve(spec.agent)


def _first_difference(then: Iterable[Event], now: Iterable[Event]) -> int:
    """Return the number of the first event that differs; to the byte, as digests do."""
    old, new = ([encode_events([event]) for event in events] for events in (then, now))
    pairs = zip(old, new, strict=False)
    return next((number for number, (one, other) in enumerate(pairs) if one != other), min(len(old), len(new)))
