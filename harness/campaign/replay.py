"""Playing a stored trial again, and comparing the histories."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from harness.agents import resolve
from harness.boundary import plan_problems
from harness.campaign.inputs import check_history, stored_events, stored_spec
from harness.campaign.specs import TrialSpec
from harness.campaign.trial import run_trial
from harness.content import all_fault_kinds, load_domain
from harness.errors import ContentError, DatasetError
from harness.history import Event, encode_events, history_digest
from harness.scoring import Record, score
from harness.store import part_numbers, read_manifest, read_part


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
