"""The baseline as a file for git: sorted JSON, one line for each task and plan, and one for each cluster."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from harness.deciding.measured import Measured, Measurement, by_key, digests_of
from harness.deciding.pairs import PairKey
from harness.deciding.verdict import Provenance
from harness.errors import DatasetError
from harness.store import write_whole

SCHEMA = 1


class Origin(msgspec.Struct, frozen=True):
    """Who saved a baseline, when, from which commit and on the strength of which verdict."""

    saved_on: str
    commit: str | None = None
    author: str | None = None
    verdict: str | None = None


class Sums(msgspec.Struct, frozen=True):
    """The sufficient statistics of one metric in one cluster, over the trials that have it."""

    n: int
    mean: float
    sum_of_squares: float


class _Cluster(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    cluster: str
    trials: int
    passed: int
    metrics: dict[str, Sums]


class _Cell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The trials of one task under one plan, each list in the order of their numbers."""

    scenario: str
    task: str
    plan: str
    domain: str
    cluster: str
    fault_families: tuple[str, ...]
    tools: tuple[str, ...]
    brain: str
    inputs: dict[str, str]
    seeds: tuple[int, ...]
    trials: tuple[int, ...]
    passed: tuple[bool | None, ...]
    histories: tuple[str | None, ...]
    values: dict[str, tuple[float | None, ...]]


class Baseline(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file holds; ``clusters`` are for people, and follow from ``cells``."""

    schema: int
    origin: Origin
    agent: str
    brains: tuple[str, ...]
    conditions: dict[str, str]
    clusters: tuple[_Cluster, ...]
    cells: tuple[_Cell, ...]


def baseline_of(measured: Measured, metrics: Sequence[str], origin: Origin) -> Baseline:
    """Return the baseline of one side with the metrics that are worth keeping."""
    trials = sorted(measured.trials.values(), key=lambda one: one.key)
    return Baseline(
        schema=SCHEMA,
        origin=origin,
        agent=measured.provenance.agent,
        brains=measured.provenance.brains,
        conditions=dict(measured.conditions),
        clusters=tuple(_clusters(trials, metrics)),
        cells=tuple(_cell(list(group), metrics) for _, group in groupby(trials, key=lambda one: one.key[:3])),
    )


def _clusters(trials: Iterable[Measurement], metrics: Sequence[str]) -> Iterator[_Cluster]:
    by_cluster: dict[str, list[Measurement]] = {}
    for one in trials:
        by_cluster.setdefault(one.cluster, []).append(one)
    for cluster, group in sorted(by_cluster.items()):
        sums = {name: found for name in metrics if (found := _sums([one.values.get(name) for one in group]))}
        yield _Cluster(cluster, len(group), sum(one.passed is True for one in group), sums)


def _sums(values: Iterable[float | None]) -> Sums | None:
    known = [value for value in values if value is not None]
    if not known:
        return None
    return Sums(len(known), sum(known) / len(known), sum(value * value for value in known))


def _cell(group: Sequence[Measurement], metrics: Sequence[str]) -> _Cell:
    first = group[0]
    return _Cell(
        scenario=first.key.scenario,
        task=first.key.task_id,
        plan=first.key.fault_plan_id,
        domain=first.domain,
        cluster=first.cluster,
        fault_families=first.fault_families,
        tools=first.tools,
        brain=first.brain,
        inputs=dict(first.inputs),
        seeds=tuple(one.key.seed for one in group),
        trials=tuple(one.key.trial for one in group),
        passed=tuple(one.passed for one in group),
        histories=tuple(one.history for one in group),
        values={name: tuple(one.values.get(name) for one in group) for name in metrics},
    )


def write_baseline(baseline: Baseline, path: Path) -> None:
    """Write the file: sorted keys, one line for each digest, cluster and cell, so that a diff reads well."""
    whole: dict[str, Any] = msgspec.to_builtins(baseline)
    parts = (f"{_text(key)}: {_lines(value)}" for key, value in sorted(whole.items()))
    write_whole(path, ("{\n" + ",\n".join(parts) + "\n}\n").encode())


def _lines(value: Any) -> str:
    if isinstance(value, list | tuple) and value and isinstance(value[0], dict):
        return "[\n" + ",\n".join(_text(one) for one in value) + "\n]"
    if isinstance(value, dict):
        return "{\n" + ",\n".join(f"{_text(key)}: {_text(one)}" for key, one in sorted(value.items())) + "\n}"
    return _text(value)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def read_baseline(path: Path) -> Baseline:
    """Read the file; raises DatasetError when it is missing, no baseline, or was edited by hand into nonsense."""
    try:
        found = msgspec.json.decode(path.read_bytes())
    except (OSError, ValueError) as error:
        msg = f"{path}: no baseline can be read: {error}; save one: harness baseline save FOLDER {path}"
        raise DatasetError(msg) from error
    schema = found.get("schema") if isinstance(found, dict) else None
    if schema != SCHEMA:
        msg = f"{path}: schema: baseline of schema {schema!r}, this harness reads {SCHEMA}; save it anew"
        raise DatasetError(msg)
    try:
        baseline = msgspec.convert(found, Baseline)
    except msgspec.ValidationError as error:
        msg = f"{path}: no baseline: {error}; save it anew: harness baseline save FOLDER {path}"
        raise DatasetError(msg) from error
    _check(baseline, path)
    return baseline


def _check(baseline: Baseline, path: Path) -> None:
    """Raise DatasetError when lists that belong together have different lengths, or the clusters say otherwise."""
    try:
        date.fromisoformat(baseline.origin.saved_on)
    except ValueError as error:
        msg = f"{path}: origin.saved_on: {baseline.origin.saved_on!r} is no date as 2026-01-31; save it anew"
        raise DatasetError(msg) from error
    for cell in baseline.cells:
        lengths = {len(cell.seeds), len(cell.trials), len(cell.passed), len(cell.histories)}
        if len(lengths | {len(one) for one in cell.values.values()}) != 1:
            msg = f"{path}: cells: {cell.task} under {cell.plan}: its lists have different lengths; save it anew"
            raise DatasetError(msg)
    metrics = sorted({name for cell in baseline.cells for name in cell.values})
    if tuple(_clusters(sorted(_measurements(baseline), key=lambda one: one.key), metrics)) != baseline.clusters:
        msg = f"{path}: clusters: do not follow from its cells; it was edited by hand; save it anew"
        raise DatasetError(msg)


def measured_of(baseline: Baseline, path: Path) -> Measured:
    """Return a stored baseline as one side."""
    trials = by_key(_measurements(baseline), str(path))
    provenance = Provenance(
        str(path), baseline.agent, baseline.brains, len(trials), digests_of(baseline.conditions, trials)
    )
    return Measured(provenance, baseline.conditions, trials, date.fromisoformat(baseline.origin.saved_on))


def _measurements(baseline: Baseline) -> Iterator[Measurement]:
    for cell in baseline.cells:
        for index, (seed, trial) in enumerate(zip(cell.seeds, cell.trials, strict=True)):
            yield Measurement(
                key=PairKey(cell.scenario, cell.task, cell.plan, seed, trial),
                trial_id="",
                domain=cell.domain,
                cluster=cell.cluster,
                fault_families=cell.fault_families,
                tools=cell.tools,
                brain=cell.brain,
                passed=cell.passed[index],
                values={name: values[index] for name, values in cell.values.items()},
                history=cell.histories[index],
                inputs=cell.inputs,
            )


def summary_of(baseline: Baseline) -> Mapping[str, Any]:
    """Return what ``harness baseline show`` prints: origin, agent, counts and the clusters."""
    return {
        "origin": baseline.origin,
        "agent": baseline.agent,
        "brains": baseline.brains,
        "trials": sum(len(cell.trials) for cell in baseline.cells),
        "clusters": baseline.clusters,
        "conditions": baseline.conditions,
    }
