"""What became of each pair of trials, and which cells do not agree with themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, get_args

import msgspec

from harness.analysis import Trial
from harness.deciding import Pair, Pairing
from harness.statistics import Interval, wilson

Transition = Literal[
    "newly_failing", "fixed", "still_failing", "path_changed", "unchanged", "invalid", "new", "removed"
]
TRANSITIONS: tuple[Transition, ...] = get_args(Transition)
ALWAYS, NEVER = 0.95, 0.05


class FlakyCell(msgspec.Struct, frozen=True):
    """Trials of one task and fault plan that disagree; ``arm`` is ``baseline`` or ``candidate``."""

    arm: str
    scenario: str
    task_id: str
    fault_plan_id: str
    passed: int
    trials: int
    interval: Interval


def is_failing(trial: Trial) -> bool:
    """Whether a trial fell short of what its scenario expects of it, or, where that expects nothing, of its task."""
    if trial.as_expected is not None:
        return not trial.as_expected
    return trial.verdict == "violated" or trial.outcome == "failed"


def is_invalid(trial: Trial) -> bool:
    """Whether nothing can be said of a trial, since it could not be played."""
    return trial.verdict == "harness_error"


def transition(pair: Pair, *, same_path: bool) -> Transition:
    """Name what became of a pair; ``same_path`` says whether both trials took the same steps."""
    if is_invalid(pair.baseline) or is_invalid(pair.candidate):
        return "invalid"
    before, after = is_failing(pair.baseline), is_failing(pair.candidate)
    if before != after:
        return "newly_failing" if after else "fixed"
    if after:
        return "still_failing"
    return "unchanged" if same_path else "path_changed"


def flaky_cells(pairing: Pairing) -> tuple[FlakyCell, ...]:
    """Return the cells with trials that pass and others that fail.

    A cell counts when Wilson's 95 % interval of its pass rate crosses into what is neither always nor never: one
    failure among a thousand is rare, and not flaky.
    """
    arms = {
        "baseline": [*(pair.baseline for pair in pairing.pairs), *pairing.only_baseline],
        "candidate": [*(pair.candidate for pair in pairing.pairs), *pairing.only_candidate],
    }
    return tuple(cell for arm, trials in arms.items() for cell in _flaky(arm, trials))


def _flaky(arm: str, trials: Iterable[Trial]) -> Iterator[FlakyCell]:
    cells: dict[tuple[str, str, str], list[Trial]] = {}
    for trial in trials:
        if not is_invalid(trial):
            cells.setdefault((trial.scenario, trial.task_id, trial.fault_plan_id), []).append(trial)
    for place, members in cells.items():
        cell = _cell(arm, place, members)
        if 0 < cell.passed < cell.trials and cell.interval.low < ALWAYS and cell.interval.high > NEVER:
            yield cell


def _cell(arm: str, place: tuple[str, str, str], trials: Sequence[Trial]) -> FlakyCell:
    passed = sum(not is_failing(trial) for trial in trials)
    return FlakyCell(arm, *place, passed, len(trials), wilson(passed, len(trials)))
