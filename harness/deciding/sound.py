"""Tables that contradict one another: somebody edited them, and no verdict may rest on them."""

from __future__ import annotations

import math

import numpy as np

from harness.analysis import Results
from harness.deciding.pairs import Side
from harness.errors import DatasetError

IN_BOTH = frozenset({"success", "utility", "steps", "cost_usd"})
AGAIN = "the tables were changed after the run; score or run it again"


def check_sound(side: Side) -> None:
    """Raise DatasetError where breaches, verdicts and scores of a side do not fit together."""
    for part in side.parts:
        _check_breaches(part, side.agent)
        _check_scores(part)


def _check_breaches(part: Results, agent: str) -> None:
    known, broken = part.by_id, {one.trial_id for one in part.breaches if not one.blocked}
    if strange := sorted({one.trial_id for one in part.breaches} - known.keys()):
        msg = f"{part.folder / 'violations'}: trial {strange[0]!r} is not in the table of trials; {AGAIN}"
        raise DatasetError(msg)
    for trial in part.trials:
        if trial.agent == agent and trial.verdict == "violated" and trial.trial_id not in broken:
            where = f"{part.folder / 'violations'}: trial {trial.trial_id!r}"
            msg = f"{where} violated a rule, and none stands there; {AGAIN}"
            raise DatasetError(msg)


def _check_scores(part: Results) -> None:
    folder, scores = part.folder / "scores", part.scores.dropna(subset="value")
    suspects = scores[scores["metric"].isin(IN_BOTH) | np.isinf(scores["value"])]
    for trial_id, metric, value in suspects[["trial_id", "metric", "value"]].itertuples(index=False):
        where = f"{folder}: trial {trial_id!r}: {metric}"
        if math.isinf(value):
            msg = f"{where} is {value}, which is no measurement; {AGAIN}"
            raise DatasetError(msg)
        told = getattr(part.by_id.get(trial_id), metric, None) if metric in IN_BOTH else value
        if told is not None and told != value:
            msg = f"{where} is {value:g}, and {told:g} in the table of trials; {AGAIN}"
            raise DatasetError(msg)
