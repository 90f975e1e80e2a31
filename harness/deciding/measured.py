"""One side as numbers: what was measured of every trial, and what it was run on."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Literal

import msgspec
import pandas as pd

from harness.analysis import Results, Trial
from harness.deciding.pairs import PairKey, Side
from harness.deciding.sound import check_sound
from harness.deciding.verdict import Provenance
from harness.errors import DatasetError
from harness.history import digest
from harness.store import read_input

DIGITS = 12  # of a digest: enough to tell versions apart, short enough to read
_INPUTS = ("task", "tools", "plan", "injections", "world")


class Measurement(msgspec.Struct, frozen=True):
    """One trial: where it belongs, how it ended, every metric (null where not measured), and digests of its inputs.

    ``passed`` is null where the trial could not be played. ``tools`` are those of the task's expected path.
    """

    key: PairKey
    trial_id: str
    domain: str
    cluster: str
    fault_families: tuple[str, ...]
    tools: tuple[str, ...]
    brain: str
    passed: bool | None
    values: Mapping[str, float | None]
    history: str | None
    inputs: Mapping[str, str]

    @property
    def where(self) -> str:
        """Task and fault plan, for people."""
        return f"{self.key.task_id} under {self.key.fault_plan_id}"


class Measured(msgspec.Struct, frozen=True):
    """One side: its trials by what they have in common with those of the other side.

    ``conditions`` are the digests of everything that has to be equal on both sides, by name; files of tasks are left to
    the inputs of their trials.
    """

    provenance: Provenance
    conditions: Mapping[str, str]
    trials: Mapping[PairKey, Measurement]
    saved_on: date | None = None


def measure(side: Side) -> Measured:
    """Return what was measured of one agent; agents for contrast are no candidates, and are measured all the same.

    Raises DatasetError for tables that contradict one another.
    """
    check_sound(side)
    trials = by_key((trial for part in side.parts for trial in _measurements(part, side.agent)), str(side))
    conditions = _conditions(side.results.manifest)
    brains = tuple(sorted({one.brain for one in trials.values()}))
    return Measured(
        Provenance(str(side.results.folder), side.agent, brains, len(trials), digests_of(conditions, trials)),
        conditions,
        trials,
    )


def by_key(trials: Iterable[Measurement], where: str) -> dict[PairKey, Measurement]:
    """Return trials by their keys; raises DatasetError for two of one key, of which nobody knows which one counts."""
    found: dict[PairKey, Measurement] = {}
    for one in trials:
        if one.key in found:
            msg = f"{where}: {one.where}: seed {one.key.seed}, trial {one.key.trial} stands there twice; play it anew"
            raise DatasetError(msg)
        found[one.key] = one
    return found


def digests_of(conditions: Mapping[str, str], trials: Mapping[PairKey, Measurement]) -> dict[str, str]:
    """Return one digest for each sort of condition (suite, fault kinds, scorers, schema), and one of how all ended."""
    ends = sorted((*key, one.passed, one.history) for key, one in trials.items())
    return {**_summed(conditions), "trials": digest(ends)[:DIGITS]}


def _summed(conditions: Mapping[str, str]) -> dict[str, str]:
    sorts: dict[str, list[tuple[str, str]]] = {}
    for name, value in sorted(conditions.items()):
        sorts.setdefault(re.split(r"[/ ]", name)[0], []).append((name, value))
    return {sort: digest(found)[:DIGITS] for sort, found in sorts.items()}


def clustered(measured: Measured, cluster: Literal["family", "task"]) -> Measured:
    """Return one side with its tasks, not their families, as the clusters where that is wanted."""
    if cluster == "family":
        return measured
    trials = {
        key: msgspec.structs.replace(one, cluster=f"{one.domain}/{key.task_id}") for key, one in measured.trials.items()
    }
    return msgspec.structs.replace(measured, trials=trials)


def _conditions(manifest: Mapping[str, Any]) -> dict[str, str]:
    files = {
        f"golden/{name}/{path}": one
        for name, found in manifest.get("domains", {}).items()
        for path, one in found.items()
    }
    return {
        name: value[:DIGITS]
        for name, value in {
            "schema": str(manifest["schema_version"]),
            **{path: one for path, one in files.items() if "/tasks/" not in path},
            **{f"fault_injectors/{path}": one for path, one in manifest.get("fault_catalogue", {}).items()},
            **{f"scorer {name}": one for name, one in manifest.get("scorers", {}).items()},
        }.items()
    }


def _measurements(results: Results, agent: str) -> Iterator[Measurement]:
    values = _values(results.scores)
    tools = _ToolsOfTasks(results)
    for trial in results.trials:
        if trial.agent == agent:
            yield _measurement(trial, values.get(trial.trial_id, {}), tools.of(trial))


def _measurement(trial: Trial, values: Mapping[str, float | None], tools: tuple[str, ...]) -> Measurement:
    return Measurement(
        key=PairKey.of(trial),
        trial_id=trial.trial_id,
        domain=trial.domain,
        cluster=f"{trial.domain}/{trial.family}",
        fault_families=tuple(trial.fault_families.split(",")) if trial.fault_families else ("none",),
        tools=tools,
        brain=trial.brain,
        passed=None if trial.outcome == "harness_error" else trial.outcome == "passed",
        values=values,
        history=trial.history_digest[:DIGITS] if trial.history_digest else None,
        inputs={name: trial.inputs[name][:DIGITS] for name in _INPUTS if name in trial.inputs},
    )


def _values(scores: pd.DataFrame) -> dict[str, dict[str, float | None]]:
    """Return every metric of every trial; what is null in the table is None."""
    found: dict[str, dict[str, float | None]] = {}
    columns = (scores[name].tolist() for name in ("trial_id", "metric", "value"))
    for trial_id, metric, value in zip(*columns, strict=True):
        found.setdefault(trial_id, {})[metric] = None if value is None or math.isnan(value) else float(value)
    return found


class _ToolsOfTasks:
    """The tools on the expected paths of tasks, each stored task read once."""

    def __init__(self, results: Results) -> None:
        self._results = results
        self._known: dict[str, tuple[str, ...]] = {}

    def of(self, trial: Trial) -> tuple[str, ...]:
        """Return the tools that the task of a trial expects; none where it expects no path."""
        task = trial.inputs.get("task")
        if task is None:
            return ()
        if task not in self._known:
            self._known[task] = _expected_tools(read_input(self._results.folder, task))
        return self._known[task]


def _expected_tools(task: Mapping[str, Any]) -> tuple[str, ...]:
    calls = (task.get("expect") or {}).get("calls") or {}
    return tuple(sorted({str(one["tool"]) for one in calls.get("required", ())}))
