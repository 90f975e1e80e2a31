"""Sides made by hand: so many tasks, so many trials, any values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from harness.analysis import load_results
from harness.deciding import GateFile, MetricRule, Rules, Side
from tests.analysis.datasets import event, trial, write_by_hand

NOT_REPLAYED = {"invariants": {"replays": 0}}
Values = Mapping[str, float | None]
Of = Callable[[int, int], Values]


def success(value: float) -> Values:
    """Return the metrics of a trial that succeeded or not, at unchanged cost."""
    return {"success": value, "steps": 4.0, "cost_usd": 0.01}


def made(folder: Path, of: Of, tasks: int = 25, trials: int = 4, history: str | None = None, **columns: Any) -> Side:
    """Write a side whose task and trial of these numbers have the metrics that ``of`` returns; each task is a family."""
    rows, scores, events = [], [], []
    for task in range(tasks):
        for number in range(trials):
            trial_id, values = f"{task:03d}-{number:02d}", of(task, number)
            passed = "passed" if values.get("success") else "failed"
            one = {"task_id": f"task_{task}", "family": f"family_{task}", "trial": number, "seed": number}
            end = {"outcome": passed, "verdict": passed, "history_digest": f"{history or folder.name}-{trial_id}"}
            rows.append(trial(trial_id, **{**one, **end, **columns}))
            scores += [
                {"trial_id": trial_id, "metric": name, "value": one, "basis": ""} for name, one in values.items()
            ]
            events.append(event(trial_id, 0, "run_started"))
    write_by_hand(folder, trials=rows, scores=scores, events=events)
    return Side((load_results(folder),), "reference")


def reread(side: Side) -> Side:
    """Read the folder of a side again, after it was changed."""
    return Side((load_results(side.results.folder),), side.agent)


def rules(*metrics: MetricRule, **given: Any) -> Rules:
    """Return rules that play nothing again, since what is made by hand can not be."""
    chosen = {"metric": metrics} if metrics else {"metric": (SUCCESS, STEPS)}
    return Rules(GateFile.model_validate({**NOT_REPLAYED, "schema": 1, **chosen, **given}))


SUCCESS = MetricRule(name="success", kind="rate", better="higher", margin=0.12)
STEPS = MetricRule(name="steps", kind="ratio", better="lower", margin=1.10)
