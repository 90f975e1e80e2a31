"""A results folder read into plain, frozen data; null stays None all the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import TypeAdapter

from harness.content import Comparer, Injection, Quantities
from harness.errors import DatasetError
from harness.history import Event
from harness.store import read_input, read_manifest, read_table

_INJECTIONS = TypeAdapter(dict[str, Injection])
_QUANTITIES: TypeAdapter[Quantities] = TypeAdapter(Quantities)
Arm = tuple[str, str]


class Trial(msgspec.Struct, frozen=True):
    """One row of the trials table; a value that was not measured is None."""

    trial_id: str
    scenario: str
    domain: str
    task_id: str
    family: str
    agent: str
    planner: str | None
    brain: str
    approver: str
    fault_plan_id: str
    fault_families: str
    seed: int
    trial: int
    outcome: str
    fault_coverage: str | None
    verdict: str
    terminal_state: str
    reasons: tuple[str, ...]
    as_expected: bool | None
    unmet: tuple[str, ...]
    signature: str
    history_digest: str | None
    spec: str
    expect_overall: Mapping[str, Comparer]
    without: tuple[str, ...]
    contrast: bool
    inputs: Mapping[str, str]
    success: float | None
    utility: float | None
    attack_success: float | None
    steps: float | None
    attempts: float | None
    cost_usd: float | None
    virtual_s: float | None

    @property
    def arm(self) -> Arm:
        """The scenario and the agent."""
        return self.scenario, self.agent

    @property
    def clean(self) -> bool:
        """Whether no fault was planned."""
        return self.fault_coverage is None and self.verdict != "harness_error"

    @property
    def triggered(self) -> bool:
        """Whether at least one planned fault fired in a trial that counts."""
        return self.fault_coverage in ("partial", "all") and self.verdict != "harness_error"

    @property
    def held(self) -> bool:
        """Whether it passed although a fault fired."""
        return self.triggered and self.verdict == "passed"


class Run(msgspec.Struct, frozen=True):
    """One row of the runs table; what was not measured is None."""

    trial_id: str
    run_id: str
    start_s: float | None
    end_s: float | None
    terminal_state: str | None
    steps: int | None


class Fault(msgspec.Struct, frozen=True):
    """The receipt of one planned fault."""

    trial_id: str
    fault: int
    kind: str
    family: str
    at: str
    fired: bool
    times: int
    first_address: str | None
    first_time_s: float | None


class Breach(msgspec.Struct, frozen=True):
    """One row of the violations table."""

    trial_id: str
    rule: str
    severity: str
    blocked: bool
    run_id: str | None
    seq: int
    message: str


@dataclass(frozen=True)
class Results:
    """Everything that a report is made of."""

    folder: Path
    manifest: Mapping[str, Any]
    trials: tuple[Trial, ...]
    runs: tuple[Run, ...]
    faults: tuple[Fault, ...]
    breaches: tuple[Breach, ...]
    scores: pd.DataFrame
    event_table: pa.Table

    @cached_property
    def by_id(self) -> Mapping[str, Trial]:
        """The trials by their ids."""
        return {trial.trial_id: trial for trial in self.trials}

    @cached_property
    def arms(self) -> Mapping[Arm, tuple[Trial, ...]]:
        """The trials of each scenario and agent, in the order in which they were planned."""
        groups: dict[Arm, list[Trial]] = {}
        for trial in self.trials:
            groups.setdefault(trial.arm, []).append(trial)
        return {arm: tuple(trials) for arm, trials in groups.items()}

    @cached_property
    def lengths(self) -> Mapping[str, int]:
        """How many events each trial has."""
        counted = self.event_table.group_by("trial_id").aggregate([("seq", "count")]).to_pylist()
        return {row["trial_id"]: row["seq_count"] for row in counted}

    def example(self, trial_ids: Iterable[str]) -> str:
        """Return the trial with the shortest history."""
        return min(trial_ids, key=lambda one: (self.lengths.get(one, 0), one))

    def events(self, trial_ids: Iterable[str], kinds: Iterable[str] | None = None) -> dict[str, list[Event]]:
        """Return the events of some trials (of some kinds only), in order."""
        chosen = pc.is_in(self.event_table["trial_id"], pa.array(sorted(set(trial_ids)), pa.string()))
        if kinds is not None:
            chosen = pc.and_(chosen, pc.is_in(self.event_table["kind"], pa.array(sorted(kinds), pa.string())))
        found: dict[str, list[Event]] = {}
        for row in self.event_table.filter(chosen).to_pylist():
            found.setdefault(row.pop("trial_id"), []).append(Event(payload=_json(row.pop("payload")), **row))
        return {trial_id: sorted(events, key=lambda one: one.seq) for trial_id, events in found.items()}

    def injections(self, trial: Trial) -> tuple[Injection, ...]:
        """Return the injections that the plan of a trial plants; raises DatasetError when its inputs are gone."""
        if "plan" not in trial.inputs or "injections" not in trial.inputs:
            return ()
        reached = self._reached_injections.get(trial.trial_id, ())
        return self._planted(trial.inputs["plan"], trial.inputs["injections"], reached)

    def _planted(self, plan: str, injections: str, reached: tuple[str, ...]) -> tuple[Injection, ...]:
        """Return what the plan names, and what has reached an agent although the plan leaves the choice open."""
        key = (plan, injections, reached)
        if key not in self._planted_cache:
            known = _INJECTIONS.validate_python(read_input(self.folder, injections))
            wanted = [fault.get("options", {}).get("injection") for fault in read_input(self.folder, plan)["faults"]]
            wanted += [one for one in reached if one not in wanted]
            self._planted_cache[key] = tuple(known[one] for one in wanted if one in known)
        return self._planted_cache[key]

    @cached_property
    def _reached_injections(self) -> dict[str, tuple[str, ...]]:
        """The injections that have reached the agent of each trial."""
        telling = pc.match_substring(self.event_table["payload"], '"injection":')
        hits = pc.and_(pc.equal(self.event_table["kind"], "fault_injected"), telling)
        found: dict[str, dict[str, None]] = {}
        for row in self.event_table.filter(hits).to_pylist():
            found.setdefault(row["trial_id"], {})[str(_json(row["payload"])["injection"])] = None
        return {trial_id: tuple(ids) for trial_id, ids in found.items()}

    @cached_property
    def _planted_cache(self) -> dict[tuple[str, str, tuple[str, ...]], tuple[Injection, ...]]:
        return {}


def load_results(folder: Path) -> Results:
    """Read a results folder; raises DatasetError that names the file at fault."""
    manifest = read_manifest(folder)
    trials = tuple(_trials(folder))
    return Results(
        folder=folder,
        manifest=manifest,
        trials=trials,
        runs=tuple(msgspec.convert(read_table(folder, "runs").to_pylist(), list[Run])),
        faults=tuple(msgspec.convert(read_table(folder, "faults").to_pylist(), list[Fault])),
        breaches=tuple(msgspec.convert(read_table(folder, "violations").to_pylist(), list[Breach])),
        scores=read_table(folder, "scores").to_pandas(),
        event_table=read_table(folder, "events"),
    )


def _trials(folder: Path) -> Iterator[Trial]:
    for row in read_table(folder, "trials").to_pylist():
        try:
            yield msgspec.convert({**row, **_unpacked(row)}, Trial)
        except ValueError as error:  # msgspec's and pydantic's are that
            msg = f"{folder / 'trials'}: trial {row['trial_id']!r}: {error}; run the scenario again"
            raise DatasetError(msg) from error


def _unpacked(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a row of the trials table holds as JSON text."""
    spec = _json(row["spec"])
    agent = spec.get("agent", {})
    return {
        **{name: _json(row[name]) for name in ("reasons", "unmet", "inputs")},
        "without": agent.get("without", ()),
        "contrast": agent.get("contrast", False),
        "expect_overall": _QUANTITIES.validate_python(spec.get("expect_overall", {})),
    }


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        msg = f"a table holds text that is no JSON: {text[:60]!r}; run the scenario again"
        raise DatasetError(msg) from error
