"""How far the trials of one cell agree: the same scenario, task, agent and fault plan under several seeds.

Trials that the harness itself broke are left out, of everything. A number of one trial alone is None, never 1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from itertools import combinations
from statistics import fmean

import msgspec
import numpy as np

from harness.analysis.results import Results, Trial
from harness.history import Event
from harness.statistics import outcome_consistency, pass_at_k, pass_hat_k

RESOURCES = ("cost_usd", "steps", "virtual_s")
_PAIR = 2
Path = tuple[str, ...]


class ConsistencyRow(msgspec.Struct, frozen=True):
    """The cells of one scenario and agent: means over those that have a value, None where none has.

    * ``cells``: tasks times fault plans; ``k``: the trials of the smallest cell.
    * ``pass_at_k`` and ``pass_hat_k``: the chance that at least one of k trials passes, and that all do.
    * ``outcomes``: (2p - 1)^2 of the share p that passed.
    * ``actions``: 1 - the mean pairwise Jensen-Shannon divergence of the histograms of tools, over successful trials.
    * ``paths``: the mean pairwise similarity of the sequences of tools, over successful trials.
    * ``resources``: exp(-CV) of cost, steps and duration, by metric.

    Source: HAL's reliability metrics (arXiv 2602.16666), with its corrected outcome consistency.
    """

    scenario: str
    agent: str
    cells: int
    k: int
    pass_at_k: float | None
    pass_hat_k: float | None
    outcomes: float | None
    actions: float | None
    paths: float | None
    resources: Mapping[str, float | None]


def consistency(results: Results) -> tuple[ConsistencyRow, ...]:
    """Return one row for each scenario and agent, in the order in which they were planned."""
    paths = _paths(results)
    return tuple(_row(trials, paths) for trials in results.arms.values())


def _paths(results: Results) -> dict[str, Path]:
    """Return the tools that each successful trial called, every attempt, in order."""
    successful = [trial.trial_id for trial in results.trials if trial.success == 1.0]
    found = results.events(successful, ["tool_call_started"])
    return {one: _path(found.get(one, ())) for one in successful}


def _path(events: Iterable[Event]) -> Path:
    return tuple(str(event.name) for event in events if event.port in ("tool", "retrieval"))


def _row(trials: Sequence[Trial], paths: Mapping[str, Path]) -> ConsistencyRow:
    cells: dict[Hashable, list[Trial]] = {}
    for trial in trials:
        if trial.verdict != "harness_error":
            cells.setdefault((trial.task_id, trial.fault_plan_id), []).append(trial)
    groups = list(cells.values())
    counts = [(len(group), sum(one.outcome == "passed" for one in group)) for group in groups]
    k = min((count for count, _ in counts), default=0)
    ways = [[paths[one.trial_id] for one in group if one.trial_id in paths] for group in groups]
    return ConsistencyRow(
        scenario=trials[0].scenario,
        agent=trials[0].agent,
        cells=len(groups),
        k=k,
        pass_at_k=_mean(pass_at_k(count, passed, k) for count, passed in counts),
        pass_hat_k=_mean(pass_hat_k(count, passed, k) for count, passed in counts),
        outcomes=_mean(outcome_consistency(*count) for count in counts if count[0] >= _PAIR),
        actions=_mean(_pairwise(group, lambda one, two: 1 - divergence(Counter(one), Counter(two))) for group in ways),
        paths=_mean(_pairwise(group, similarity) for group in ways),
        resources={
            name: _mean(steadiness([getattr(one, name) for one in group]) for group in groups) for name in RESOURCES
        },
    )


def _mean(values: Iterable[float | None]) -> float | None:
    measured = [value for value in values if value is not None]
    return fmean(measured) if measured else None


def _pairwise(paths: Sequence[Path], compare: Callable[[Path, Path], float]) -> float | None:
    """Return the mean over all pairs, None below two; equal paths are compared once."""
    counts = Counter(paths)
    pairs = len(paths) * (len(paths) - 1) // 2
    if not pairs:
        return None
    alike = sum(count * (count - 1) // 2 for count in counts.values())
    unlike = sum(counts[one] * counts[two] * compare(one, two) for one, two in combinations(counts, 2))
    return (alike + unlike) / pairs


def divergence(one: Mapping[str, int], two: Mapping[str, int]) -> float:
    """Return the Jensen-Shannon divergence of two histograms in bits.

    Formula: H((p + q) / 2) - (H(p) + H(q)) / 2. Range 0 (equal shares) to 1 (nothing in common); two empty ones are
    equal, an empty and another have nothing in common. Source: J. Lin, "Divergence measures based on the Shannon
    entropy" (1991).
    """
    if not one or not two:
        return float(bool(one) != bool(two))
    names = sorted(one.keys() | two.keys())
    p, q = (np.array([counts.get(name, 0) for name in names]) / sum(counts.values()) for counts in (one, two))
    return max(0.0, min(1.0, _entropy((p + q) / 2) - (_entropy(p) + _entropy(q)) / 2))


def _entropy(shares: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    some = shares[shares > 0]
    return float(-(some * np.log2(some)).sum())


def similarity(one: Sequence[str], two: Sequence[str]) -> float:
    """Return 1 - the Levenshtein distance / the length of the longer sequence; two empty ones are equal.

    Range 0 to 1. Source: V. Levenshtein, "Binary codes capable of correcting deletions, insertions, and reversals"
    (1966).
    """
    longest = max(len(one), len(two))
    return 1 - _distance(one, two) / longest if longest else 1.0


def _distance(one: Sequence[str], two: Sequence[str]) -> int:
    row = list(range(len(two) + 1))
    for number, left in enumerate(one, 1):
        previous, row[0] = row[0], number
        for index, right in enumerate(two, 1):
            previous, row[index] = row[index], min(row[index] + 1, row[index - 1] + 1, previous + (left != right))
    return row[-1]


def steadiness(values: Sequence[float | None]) -> float | None:
    """Return exp(-CV), CV the sample standard deviation / the mean; None below two values, 1 where all are 0.

    Range above 0, to 1. Source: resource consistency of HAL (arXiv 2602.16666).
    """
    measured = [value for value in values if value is not None]
    if len(measured) < _PAIR:
        return None
    mean = fmean(measured)
    return float(np.exp(-np.std(measured, ddof=1) / mean)) if mean else 1.0
