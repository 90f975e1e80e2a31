"""Two sides beside each other, without a verdict: every metric that moved, where, and by how much."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from harness.deciding.gate_file import HIGHER_IS_BETTER, GateFile, MetricRule
from harness.deciding.looking import power_table, single_look
from harness.deciding.measured import clustered, measure
from harness.deciding.measured_pairs import MeasuredPair, paired
from harness.deciding.metric_verdicts import compare_metric
from harness.deciding.pairs import Side
from harness.deciding.slices import slices
from harness.deciding.validity import mismatches
from harness.deciding.verdict import MetricKind, MetricVerdict, Power, Provenance, Slice
from harness.scoring import METRICS

_FLAGS = {0.0, 1.0}


class AxisChange(msgspec.Struct, frozen=True):
    """One thing in which the two agents differ: planner, its options, policy, prompt, parts and so on."""

    axis: str
    baseline: Any
    candidate: Any


class Comparison(msgspec.Struct, frozen=True):
    """Two sides beside each other; ``mismatches`` say why the numbers must not be read, and then there are none."""

    baseline: Provenance
    candidate: Provenance
    axes: tuple[AxisChange, ...]
    mismatches: tuple[str, ...]
    pairs: int
    clusters: int
    metrics: tuple[MetricVerdict, ...] = ()
    slices: tuple[Slice, ...] = ()
    power: tuple[Power, ...] = ()


def compare(baseline: Side, candidate: Side, gate: GateFile) -> Comparison:
    """Compare two sides on all pairs of trials: the gate's metrics first, then every other that moved."""
    before, after = measure(baseline), clustered(measure(candidate), gate.statistics.cluster)
    pairs = paired(before, after)
    whole = Comparison(
        baseline=before.provenance,
        candidate=after.provenance,
        axes=tuple(axis_changes(baseline, candidate)),
        mismatches=tuple(mismatches(before, after)) or _without_pairs(pairs),
        pairs=len(pairs),
        clusters=len({pair.cluster for pair in pairs}),
    )
    return whole if whole.mismatches else _filled(whole, pairs, gate)


def _without_pairs(pairs: Sequence[MeasuredPair]) -> tuple[str, ...]:
    return () if pairs else ("no trial of one side has a counterpart: give both the same scenarios and --seed",)


def _filled(whole: Comparison, pairs: Sequence[MeasuredPair], gate: GateFile) -> Comparison:
    rules = [*gate.metric, *_moved(pairs, {rule.name for rule in gate.metric})]
    look, settings = single_look([pair.candidate.key for pair in pairs], gate.statistics), gate.statistics
    return msgspec.structs.replace(
        whole,
        metrics=tuple(compare_metric(rule, pairs, look.alpha, settings.min_clusters, look.trials) for rule in rules),
        slices=slices(gate.metric, pairs, gate.slices),
        power=power_table(gate, pairs, look),
    )


def _moved(pairs: Sequence[MeasuredPair], known: set[str]) -> Iterator[MetricRule]:
    """Yield a rule for every other metric that differs in some pair."""
    for metric in METRICS:
        values = [(pair.baseline.values.get(metric.name), pair.candidate.values.get(metric.name)) for pair in pairs]
        known_pairs = [(before, after) for before, after in values if before is not None and after is not None]
        if metric.name not in known and any(before != after for before, after in known_pairs):
            better = "higher" if metric.name in HIGHER_IS_BETTER else "lower"
            kind: MetricKind = "rate" if _is_rate(known_pairs) else "mean"
            # Nobody says how much a family can lose of these: no more than any pair of trials did.
            worst = max(abs(after - before) for before, after in known_pairs)
            yield MetricRule(name=metric.name, kind=kind, better=better, gate=False, worst=worst)


def _is_rate(values: Sequence[tuple[float, float]]) -> bool:
    return {one for pair in values for one in pair} <= _FLAGS


def axis_changes(baseline: Side, candidate: Side) -> Iterator[AxisChange]:
    """Yield in what the agents of two sides differ, besides their names; versions of the harness come last."""
    before, after = _agent_of(baseline), _agent_of(candidate)
    for axis in sorted({*before, *after} - {"name"}):
        if before.get(axis) != after.get(axis):
            yield AxisChange(axis, before.get(axis), after.get(axis))
    for axis in ("environment", "agent_sources"):
        then, now = baseline.results.manifest.get(axis), candidate.results.manifest.get(axis)
        if then != now:
            yield AxisChange(axis, then, now)


def _agent_of(side: Side) -> Mapping[str, Any]:
    """Return the first trial's agent as plain data; all trials of a side have the same."""
    spec = next(iter(side.trials.values())).spec
    agent: Mapping[str, Any] = msgspec.json.decode(spec)["agent"]
    return agent
