"""The same trial on both sides, and the values that a metric has there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from harness.deciding.gate_file import MetricRule
from harness.deciding.measured import Measured, Measurement
from harness.statistics import pass_hat_k


class MeasuredPair(NamedTuple):
    """The same trial on both sides."""

    baseline: Measurement
    candidate: Measurement

    @property
    def cluster(self) -> str:
        """The family of the task."""
        return self.candidate.cluster

    @property
    def both_passed(self) -> bool:
        """Whether both trials passed."""
        return self.baseline.passed is True and self.candidate.passed is True


class Values(NamedTuple):
    """One metric of one pair, or of all pairs of a task and plan together."""

    cluster: str
    where: str
    baseline: float
    candidate: float


def paired(baseline: Measured, candidate: Measured) -> list[MeasuredPair]:
    """Return all trials that both sides played to the end, in the candidate's order."""
    both = (MeasuredPair(baseline.trials[key], one) for key, one in candidate.trials.items() if key in baseline.trials)
    return [pair for pair in both if pair.baseline.passed is not None and pair.candidate.passed is not None]


def values_of(rule: MetricRule, pairs: Sequence[MeasuredPair]) -> list[Values]:
    """Return the values of a metric where both sides have one."""
    if rule.pass_hat is not None:
        return list(_chances(rule.pass_hat, pairs))
    return [
        Values(pair.cluster, pair.candidate.key.task_id, before, after)
        for pair in pairs
        if (before := pair.baseline.values.get(rule.name)) is not None
        and (after := pair.candidate.values.get(rule.name)) is not None
    ]


def lost_values(rule: MetricRule, pairs: Sequence[MeasuredPair]) -> int:
    """Return in how many pairs the baseline alone has a value."""
    values = [(pair.baseline.values.get(rule.name), pair.candidate.values.get(rule.name)) for pair in pairs]
    return sum(before is not None and after is None for before, after in values)


def _chances(k: int, pairs: Sequence[MeasuredPair]) -> Iterator[Values]:
    """Yield pass^k of every task and plan that has k trials."""
    for group in by_cell(pairs).values():
        before = pass_hat_k(len(group), sum(pair.baseline.passed is True for pair in group), k)
        after = pass_hat_k(len(group), sum(pair.candidate.passed is True for pair in group), k)
        if before is not None and after is not None:
            yield Values(group[0].cluster, group[0].candidate.key.task_id, before, after)


def by_cell(pairs: Sequence[MeasuredPair]) -> dict[tuple[str, str, str], list[MeasuredPair]]:
    """Return the pairs of each scenario, task and fault plan."""
    cells: dict[tuple[str, str, str], list[MeasuredPair]] = {}
    for pair in pairs:
        key = pair.candidate.key
        cells.setdefault((key.scenario, key.task_id, key.fault_plan_id), []).append(pair)
    return cells
