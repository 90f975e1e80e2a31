"""One side as numbers: what was measured of every trial, and what it was run on."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import msgspec
import pandas as pd

from harness.analysis import Results, Trial
from harness.deciding.pairs import PairKey, Side
from harness.deciding.verdict import Provenance
from harness.store import read_input

_CONDITIONS = ("task", "tools", "plan", "injections", "world")


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
    """One side: its trials by what they have in common with those of the other side."""

    provenance: Provenance
    trials: Mapping[PairKey, Measurement]
    saved_on: date | None = None


def measure(side: Side) -> Measured:
    """Return what was measured of one agent; agents for contrast are no candidates, and are measured all the same."""
    trials = {trial.key: trial for part in side.parts for trial in _measurements(part, side.agent)}
    return Measured(provenance_of(side, list(trials.values())), trials)


def provenance_of(side: Side, trials: Sequence[Measurement]) -> Provenance:
    """Return what a side is; its digests are those of the suite's files, the fault kinds and the scorers."""
    return Provenance(
        source=str(side.results.folder),
        agent=side.agent,
        brains=tuple(sorted({one.brain for one in trials})),
        trials=len(trials),
        digests=digests_of(side.results.manifest),
    )


def digests_of(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return everything that has to be equal on both sides, by name; task files are left to their tasks."""
    files = {f"golden/{name}/{path}": one for name, found in manifest["domains"].items() for path, one in found.items()}
    return {
        "schema": str(manifest["schema_version"]),
        **{path: one for path, one in files.items() if "/tasks/" not in path},
        **{f"fault_injectors/{path}": one for path, one in manifest["fault_catalogue"].items()},
        **{f"scorer {name}": one for name, one in manifest.get("scorers", {}).items()},
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
        history=trial.history_digest,
        inputs={name: trial.inputs[name] for name in _CONDITIONS if name in trial.inputs},
    )


def _values(scores: pd.DataFrame) -> dict[str, dict[str, float | None]]:
    """Return every metric of every trial; what is null in the table is None."""
    found: dict[str, dict[str, float | None]] = {}
    for trial_id, metric, value in zip(scores["trial_id"], scores["metric"], scores["value"], strict=True):
        found.setdefault(trial_id, {})[metric] = None if value is None or math.isnan(value) else float(value)
    return found


class _ToolsOfTasks:
    """The tools on the expected paths of tasks, each stored task read once."""

    def __init__(self, results: Results) -> None:
        self._results = results
        self._known: dict[str, tuple[str, ...]] = {}

    def of(self, trial: Trial) -> tuple[str, ...]:
        """Return the tools that the task of a trial expects; none where it expects no path."""
        digest = trial.inputs.get("task")
        if digest is None:
            return ()
        if digest not in self._known:
            self._known[digest] = _expected_tools(read_input(self._results.folder, digest))
        return self._known[digest]


def _expected_tools(task: Mapping[str, Any]) -> tuple[str, ...]:
    calls = (task.get("expect") or {}).get("calls") or {}
    return tuple(sorted({str(one["tool"]) for one in calls.get("required", ())}))
