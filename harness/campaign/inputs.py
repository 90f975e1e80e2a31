"""The inputs that a record rests on, apart from its events; and a stored trial read back into a record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
from pydantic import BaseModel, TypeAdapter, ValidationError

from harness.boundary import FaultPlan, Receipt, ToolFacts, argument_problems
from harness.campaign.specs import TrialSpec
from harness.content import Injection, Task
from harness.errors import DatasetError
from harness.history import EVENT_KINDS, Event, digest, history_digest, plain
from harness.scoring import Record
from harness.store import read_input
from harness.world import apply_changes

_INJECTIONS = TypeAdapter(dict[str, Injection])


def _dump(model: BaseModel) -> Any:
    # Only what was given: a comparer knows its comparison by the keys that were set.
    return model.model_dump(mode="json", exclude_unset=True)


class InputDigests:
    """Digests of inputs; those that many trials share are computed once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], tuple[Any, str, Any]] = {}
        self.values: dict[str, Any] = {}

    def of(self, record: Record) -> dict[str, str]:
        """Return the digest of each input of ``record``, and keep the inputs themselves in ``values``."""
        sources = {
            "task": record.task,
            "tools": record.tools,
            "plan": record.plan,
            "injections": record.injections,
            "world": record.before,
        }
        return {name: self._digest(name, source) for name, source in sources.items()}

    def _digest(self, name: str, source: Any) -> str:
        known = self._known.get((name, id(source)))
        if known is None:
            value = _plain_input(name, source)
            # The source is kept as well, so that its id can not be used again.
            known = self._known[(name, id(source))] = (source, digest(value), value)
            self.values[known[1]] = value
        return known[1]


def _plain_input(name: str, source: Any) -> Any:
    if isinstance(source, BaseModel):
        return _dump(source)
    if name == "injections":
        return {key: _dump(one) for key, one in source.items()}
    return plain(dict(source)) if name == "tools" else source


def stored_record(folder: Path, trial: Mapping[str, Any], events: list[Event], receipts: list[Receipt]) -> Record:
    """Rebuild the record of one stored trial; needs nothing but the results folder.

    Raises DatasetError when events, receipts and inputs are not those of the trial that was run.
    """
    where = f"{folder}: trial {trial['trial_id']}"
    check_history(where, trial, events)
    try:
        record = _record(folder, trial, events, receipts)
    except (KeyError, IndexError, TypeError, ValueError) as error:  # pydantic's and msgspec's are ValueErrors
        raise _broken(where, f"its inputs can not be read: {_in_words(error)}") from error
    if record.task.id != trial["task_id"]:
        raise _broken(where, f"its stored task is {record.task.id!r}, not {trial['task_id']!r}")
    _check_receipts(where, record)
    return record


def check_history(where: str, trial: Mapping[str, Any], events: Sequence[Event]) -> None:
    """Raise DatasetError when the events of a trial are not those that its digest was made of."""
    found = history_digest(events)
    if found != trial["history_digest"]:
        stored = str(trial["history_digest"])[:16]
        problem = f"its stored history ({len(events)} events, digest {found[:16]}) does not match its digest {stored}"
        raise _broken(where, problem)


def _check_receipts(where: str, record: Record) -> None:
    """Raise DatasetError when the receipts are not one for each planned fault, or differ from the history."""
    planned = [fault.kind for fault in record.plan.faults]
    if [one.fault for one in record.receipts] != list(range(len(planned))):
        raise _broken(where, f"it has {len(record.receipts)} receipts for {len(planned)} planned faults")
    hits = Counter(event.payload.get("fault") for event in record.of("fault_injected"))
    for one in record.receipts:
        if one.times != hits[one.fault]:
            problem = (
                f"the receipt of fault {one.fault} ({one.kind}) says {one.times} hits, the history {hits[one.fault]}"
            )
            raise _broken(where, problem)


def _broken(where: str, problem: str) -> DatasetError:
    return DatasetError(f"{where}: {problem}; the folder was changed after the run; run the scenario again")


def _in_words(error: Exception) -> str:
    return argument_problems(error) if isinstance(error, ValidationError) else f"{type(error).__name__}: {error}"


def _record(folder: Path, trial: Mapping[str, Any], events: list[Event], receipts: list[Receipt]) -> Record:
    digests = msgspec.json.decode(trial["inputs"], type=dict[str, str])
    before = _stored_world(folder, digests["world"])
    record = Record(
        task=_stored_task(folder, digests["task"]),
        tools=_stored_tools(folder, digests["tools"]),
        plan=FaultPlan.model_validate(read_input(folder, digests["plan"])),
        receipts=receipts,
        events=events,
        injections=_stored_injections(folder, digests["injections"]),
        before=before,
    )
    return replace(record, after=apply_changes(before, record.changes))


@lru_cache(maxsize=512)
def _stored_task(folder: Path, input_digest: str) -> Task:
    return Task.model_validate(read_input(folder, input_digest))


@lru_cache(maxsize=64)
def _stored_tools(folder: Path, input_digest: str) -> dict[str, ToolFacts]:
    return msgspec.convert(read_input(folder, input_digest), dict[str, ToolFacts])


@lru_cache(maxsize=64)
def _stored_injections(folder: Path, input_digest: str) -> dict[str, Injection]:
    return _INJECTIONS.validate_python(read_input(folder, input_digest))


@lru_cache(maxsize=64)
def _stored_world(folder: Path, input_digest: str) -> Any:
    return read_input(folder, input_digest)


def stored_events(table: pa.Table) -> dict[str, list[Event]]:
    """Return the events of every trial of an events table, in order; raises DatasetError for what is no event."""
    by_trial: dict[str, list[Event]] = {}
    for row in table.to_pylist():
        trial_id = row.pop("trial_id")
        by_trial.setdefault(trial_id, []).append(_event(trial_id, row))
    return by_trial


def _event(trial_id: str, row: dict[str, Any]) -> Event:
    try:
        event = Event(**{**row, "payload": msgspec.json.decode(row["payload"], type=dict[str, Any])})
    except (TypeError, ValueError) as error:
        raise _broken(
            f"events: trial {trial_id}: event {row['seq']}", f"its payload can not be read: {error}"
        ) from error
    if event.kind not in EVENT_KINDS:
        raise _broken(f"events: trial {trial_id}: event {event.seq}", f"there is no event kind {event.kind!r}")
    return event


def stored_receipts(table: pa.Table) -> dict[str, list[Receipt]]:
    """Return the receipts of every trial of a faults table, in the order of the plan."""
    by_trial: dict[str, list[Receipt]] = {}
    for row in table.to_pylist():
        trial_id, fired = row.pop("trial_id"), row.pop("fired")
        receipt = Receipt(**row)
        if receipt.fired != fired:
            problem = f"fired is {fired}, and it hit {receipt.times} times"
            raise _broken(f"faults: trial {trial_id}: fault {receipt.fault}", problem)
        by_trial.setdefault(trial_id, []).append(receipt)
    return by_trial


def stored_spec(trial: Mapping[str, Any]) -> TrialSpec:
    """Return the spec of a stored trial; raises DatasetError when it can not be read or is another trial's."""
    where = f"trials: trial {trial['trial_id']}"
    try:
        spec = TrialSpec.model_validate_json(trial["spec"])
    except ValueError as error:
        raise _broken(where, f"its spec can not be read: {_in_words(error)}") from error
    if spec.trial_id != trial["trial_id"]:
        raise _broken(where, f"its spec is that of trial {spec.trial_id}")
    return spec
