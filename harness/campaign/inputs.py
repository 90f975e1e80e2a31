"""The inputs that a record rests on, apart from its events; and a stored trial read back into a record."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
from pydantic import BaseModel, TypeAdapter

from harness.boundary import FaultPlan, Receipt, ToolFacts
from harness.campaign.specs import TrialSpec
from harness.content import Injection, Task
from harness.history import Event, digest, plain
from harness.scoring import Record
from harness.store import read_input
from harness.world import Change, apply_changes

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
    """Rebuild the record of one stored trial; needs nothing but the results folder."""
    digests = msgspec.json.decode(trial["inputs"], type=dict[str, str])
    before = _stored_world(folder, digests["world"])
    settled = [event for event in events if event.kind == "world_settled"]
    differences = msgspec.convert(settled[-1].payload["changes"], list[Change]) if settled else []
    return Record(
        task=_stored_task(folder, digests["task"]),
        tools=_stored_tools(folder, digests["tools"]),
        plan=FaultPlan.model_validate(read_input(folder, digests["plan"])),
        receipts=receipts,
        events=events,
        injections=_stored_injections(folder, digests["injections"]),
        before=before,
        after=apply_changes(before, differences),
    )


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
    """Return the events of every trial of an events table, in order."""
    by_trial: dict[str, list[Event]] = {}
    for row in table.to_pylist():
        trial_id = row.pop("trial_id")
        payload = msgspec.json.decode(row.pop("payload"))
        by_trial.setdefault(trial_id, []).append(Event(payload=payload, **row))
    return by_trial


def stored_receipts(table: pa.Table) -> dict[str, list[Receipt]]:
    """Return the receipts of every trial of a faults table, in the order of the plan."""
    by_trial: dict[str, list[Receipt]] = {}
    for row in table.to_pylist():
        trial_id = row.pop("trial_id")
        row.pop("fired")
        by_trial.setdefault(trial_id, []).append(Receipt(**row))
    return by_trial


def stored_spec(trial: Mapping[str, Any]) -> TrialSpec:
    """Return the spec of a stored trial."""
    return TrialSpec.model_validate_json(trial["spec"])
