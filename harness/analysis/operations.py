"""What running an agent is like: success, steps, errors, retries, budgets, fallbacks, cost and duration, by agent.

Trials that the harness itself broke are in none of these numbers.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import fmean, median

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from harness.analysis.guards import Share
from harness.analysis.results import Results, Run, Trial
from harness.history import Event

_TOOL_PORTS = ("tool", "retrieval", "memory", "agent")
_STARTS = ("model_call_started", "tool_call_started")
_ENDS = ("tool_call_completed", "tool_call_failed")
_P95 = 0.95
Named = tuple[tuple[str, Share], ...]
_Counts = Mapping[tuple[str | None, ...], int]


class OperationsRow(msgspec.Struct, frozen=True):
    """One scenario and agent; a share of nothing has no value, and what was not measured is None.

    * ``success``: trials that succeeded, of those in which it was measured; ``by_terminal_state`` the same among the
      trials that ended in each state.
    * ``steps_per_run``: mean of the planner's turns over runs that counted them.
    * ``tool_errors``: calls of each tool that did not end ``ok``, of those that ended; every attempt counts.
    * ``retries``: retries scheduled after each class of error, of all calls to models and tools, attempts included.
    * ``budgets`` and ``fallbacks``: runs that each budget stopped, and that fell back to each mode, of all runs.
    * ``cost_per_success_usd``: what all trials cost / trials that succeeded.
    * ``duration_median_s`` and ``duration_p95_s``: of runs that ended; the 95th percentile is the nearest rank.
    """

    scenario: str
    agent: str
    runs: int
    success: Share
    by_terminal_state: Named
    steps_per_run: float | None
    tool_errors: Named
    retries: Named
    budgets: Named
    fallbacks: Named
    cost_per_success_usd: float | None
    duration_median_s: float | None
    duration_p95_s: float | None

    @property
    def tool_error(self) -> Share:
        """Errors of all tools together."""
        shares = [share for _, share in self.tool_errors]
        return Share(sum(one.hits for one in shares), sum(one.total for one in shares))

    @property
    def retry(self) -> Share:
        """Retries of all classes together."""
        shares = [share for _, share in self.retries]
        return Share(sum(one.hits for one in shares), shares[0].total) if shares else Share(0, 0)


def operations(results: Results) -> tuple[OperationsRow, ...]:
    """Return one row for each scenario and agent, in the order in which they were planned."""
    runs: dict[str, list[Run]] = {}
    for run in results.runs:
        runs.setdefault(run.trial_id, []).append(run)
    rows = []
    for trials in results.arms.values():
        counted = [trial for trial in trials if trial.verdict != "harness_error"]
        own = [run for trial in counted for run in runs.get(trial.trial_id, ())]
        rows.append(_row(trials[0], counted, own, results))
    return tuple(rows)


def _row(first: Trial, trials: Sequence[Trial], runs: Sequence[Run], results: Results) -> OperationsRow:
    ids = [trial.trial_id for trial in trials]
    counts = _counts(results, ids)
    controls = results.events(ids, ("budget_exceeded", "fallback_activated"))
    durations = [run.end_s - run.start_s for run in runs if run.start_s is not None and run.end_s is not None]
    steps = [run.steps for run in runs if run.steps is not None]
    return OperationsRow(
        scenario=first.scenario,
        agent=first.agent,
        runs=len(runs),
        success=_success(trials),
        by_terminal_state=_by_terminal_state(trials),
        steps_per_run=fmean(steps) if steps else None,
        tool_errors=_tool_errors(counts),
        retries=_retries(counts),
        budgets=_of_runs(controls, "budget_exceeded", "budget", len(runs)),
        fallbacks=_of_runs(controls, "fallback_activated", "mode", len(runs)),
        cost_per_success_usd=_cost_per_success(trials),
        duration_median_s=median(durations) if durations else None,
        duration_p95_s=_p95(durations),
    )


def _counts(results: Results, trial_ids: Sequence[str]) -> _Counts:
    """Count the events of some trials by kind, port, name and class of error."""
    keys = ["kind", "port", "name", "error_type"]
    chosen = pc.is_in(results.event_table["trial_id"], pa.array(trial_ids, pa.string()))
    grouped = results.event_table.filter(chosen).group_by(keys).aggregate([("seq", "count")])
    return {tuple(row[key] for key in keys): row["seq_count"] for row in grouped.to_pylist()}


def _success(trials: Iterable[Trial]) -> Share:
    measured = [trial.success for trial in trials if trial.success is not None]
    return Share(measured.count(1.0), len(measured))


def _by_terminal_state(trials: Iterable[Trial]) -> Named:
    states: dict[str, list[Trial]] = {}
    for trial in trials:
        states.setdefault(trial.terminal_state, []).append(trial)
    return tuple((state, _success(ended)) for state, ended in sorted(states.items()))


def _tool_errors(counts: _Counts) -> Named:
    ended = _sums(counts, lambda kind, port: kind in _ENDS and port in _TOOL_PORTS, "name")
    failed = _sums(counts, lambda kind, port: kind == "tool_call_failed" and port in _TOOL_PORTS, "name")
    return tuple((tool, Share(failed[tool], total)) for tool, total in sorted(ended.items()))


def _retries(counts: _Counts) -> Named:
    calls = sum(count for (kind, *_), count in counts.items() if kind in _STARTS)
    scheduled = _sums(counts, lambda kind, _port: kind == "retry_scheduled", "error_type")
    return tuple((error_type, Share(count, calls)) for error_type, count in sorted(scheduled.items()))


def _sums(counts: _Counts, wanted: Callable[[str | None, str | None], bool], by: str) -> Counter[str]:
    sums: Counter[str] = Counter()
    for (kind, port, name, error_type), count in counts.items():
        if wanted(kind, port):
            sums[str(name if by == "name" else error_type)] += count
    return sums


def _of_runs(histories: Mapping[str, Sequence[Event]], kind: str, key: str, runs: int) -> Named:
    """Return the share of runs with an event of that kind, by what its payload says; a run counts once."""
    seen = {
        (str(event.payload.get(key)), trial_id, event.run_id)
        for trial_id, events in histories.items()
        for event in events
        if event.kind == kind
    }
    hits = Counter(said for said, _, _ in seen)
    return tuple((said, Share(count, runs)) for said, count in sorted(hits.items()))


def _cost_per_success(trials: Iterable[Trial]) -> float | None:
    measured = [(trial.cost_usd, trial.success) for trial in trials if trial.cost_usd is not None]
    succeeded = sum(success == 1.0 for _, success in measured)
    return sum(cost for cost, _ in measured) / succeeded if succeeded else None


def _p95(durations: Sequence[float]) -> float | None:
    return sorted(durations)[math.ceil(_P95 * len(durations)) - 1] if durations else None
