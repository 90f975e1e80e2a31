"""Scores by scenario and agent: means over what was measured, and nothing where nothing was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec
import pandas as pd

from harness.analysis.results import Arm, Results
from harness.scoring import METRICS


class ScoreCell(msgspec.Struct, frozen=True):
    """The mean of one metric; ``measured`` of ``trials`` had a value, and with none the mean is None, never 0."""

    mean: float | None
    measured: int
    trials: int


class ScoreRow(msgspec.Struct, frozen=True):
    """One metric over all agents of a scenario."""

    metric: str
    cells: tuple[ScoreCell, ...]


class ScoreTable(msgspec.Struct, frozen=True):
    """All metrics of one scenario; each row has a cell for each agent."""

    scenario: str
    agents: tuple[str, ...]
    rows: tuple[ScoreRow, ...]


def score_tables(results: Results) -> tuple[ScoreTable, ...]:
    """Return one table for each scenario; trials that the harness itself broke are left out."""
    valid = {trial.trial_id: trial.arm for trial in results.trials if trial.verdict != "harness_error"}
    sizes = Counter(valid.values())
    means = _means(results.scores, valid)
    scenarios = dict.fromkeys(trial.scenario for trial in results.trials)
    return tuple(_table(results, scenario, means, sizes) for scenario in scenarios)


def _means(scores: pd.DataFrame, arms: Mapping[str, Arm]) -> Mapping[tuple[Arm, str], tuple[float, int]]:
    """Return mean and number of the measured values for each arm and metric; what has none is not in it."""
    measured = scores[scores["value"].notna() & scores["trial_id"].isin(list(arms))]
    if measured.empty:
        return {}
    arm = measured["trial_id"].map(arms.__getitem__)
    grouped = measured["value"].groupby([arm, measured["metric"]])
    columns = grouped.mean(), grouped.count()
    keys: list[tuple[Arm, str]] = columns[0].index.to_list()
    return {key: (float(mean), int(count)) for key, mean, count in zip(keys, *columns, strict=True)}


def _table(
    results: Results, scenario: str, means: Mapping[tuple[Arm, str], tuple[float, int]], sizes: Mapping[Arm, int]
) -> ScoreTable:
    arms = [arm for arm in results.arms if arm[0] == scenario]
    metrics = _in_order({str(metric) for metric in results.scores["metric"].unique()})
    rows = [
        ScoreRow(metric, tuple(_cell(means.get((arm, metric)), sizes.get(arm, 0)) for arm in arms))
        for metric in metrics
    ]
    return ScoreTable(scenario, tuple(agent for _, agent in arms), tuple(rows))


def _cell(mean: tuple[float, int] | None, trials: int) -> ScoreCell:
    return ScoreCell(None, 0, trials) if mean is None else ScoreCell(mean[0], mean[1], trials)


def _in_order(metrics: Iterable[str]) -> list[str]:
    known = [metric.name for metric in METRICS]
    return sorted(metrics, key=lambda name: (known.index(name) if name in known else len(known), name))
