"""The trial grid as columns, each text stored once."""

from __future__ import annotations

import shlex
from collections.abc import Collection
from typing import Any

from harness.analysis import Results, Trial
from harness.render.numbers import metric, number, seconds, usd
from harness.render.text import shown, words

COLUMNS = (
    "verdict",
    "agent",
    "scenario",
    "task",
    "fault plan",
    "coverage",
    "success",
    "steps",
    "attempts",
    "cost",
    "time",
    "trial",
)


def grid(results: Results, pictured: Collection[str]) -> dict[str, Any]:
    """Return all trials for the page's script: shown texts, values to sort by, and what to say of each."""
    texts: dict[str, int] = {}

    def coded(text: str) -> int:
        return texts.setdefault(shown(text), len(texts))

    rows = []
    for trial in results.trials:
        cells = [[coded(text), value] for text, value in _cells(trial)]
        reasons = [coded(reason) for reason in trial.reasons]
        rows.append(
            [cells, reasons, coded(shlex.quote(trial.trial_id)), trial.trial_id in pictured, coded(trial.verdict)]
        )
    prefix = shlex.join(["harness", "replay", str(results.folder)])
    return {"columns": COLUMNS, "texts": list(texts), "rows": rows, "replay": shown(prefix)}


def _cells(trial: Trial) -> list[tuple[str, float | None]]:
    """Return text and sorting value of each column; texts sort by themselves."""
    return [
        (words(trial.verdict), None),
        (trial.agent, None),
        (trial.scenario, None),
        (trial.task_id, None),
        (trial.fault_plan_id, None),
        (trial.fault_coverage or "clean", None),
        (metric(trial.success, "success"), trial.success),
        (number(trial.steps), trial.steps),
        (number(trial.attempts), trial.attempts),
        (usd(trial.cost_usd), trial.cost_usd),
        (seconds(trial.virtual_s), trial.virtual_s),
        (trial.trial_id, None),
    ]
