"""The verdict table: what became of the trials of each scenario and agent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from harness.analysis.results import Results, Trial

VERDICTS = ("passed", "failed", "violated", "not_triggered", "harness_error")
WORST_FIRST = ("violated", "failed", "harness_error", "passed", "not_triggered")


class VerdictRow(msgspec.Struct, frozen=True):
    """The five verdicts add up to ``trials``.

    ``share`` is ``held / triggered``: trials that passed although a fault fired, of all in which one fired. Trials that
    no fault reached are in neither number; None where there is nothing to divide.
    """

    scenario: str
    agent: str
    without: tuple[str, ...]
    trials: int
    passed: int
    failed: int
    violated: int
    not_triggered: int
    harness_error: int
    clean: int
    clean_passed: int
    triggered: int
    held: int
    share: float | None

    def count(self, verdict: str) -> int:
        """Return how many trials got a verdict."""
        return int(getattr(self, verdict))


def verdict_table(results: Results) -> tuple[VerdictRow, ...]:
    """Return one row for each scenario and agent, in the order in which they were planned."""
    return tuple(_row(trials) for trials in results.arms.values())


def _row(trials: Sequence[Trial]) -> VerdictRow:
    counts = Counter(trial.verdict for trial in trials)
    triggered = sum(trial.triggered for trial in trials)
    held = sum(trial.held for trial in trials)
    return VerdictRow(
        scenario=trials[0].scenario,
        agent=trials[0].agent,
        without=trials[0].without,
        trials=len(trials),
        **{verdict: counts[verdict] for verdict in VERDICTS},
        clean=sum(trial.clean for trial in trials),
        clean_passed=sum(trial.clean and trial.verdict == "passed" for trial in trials),
        triggered=triggered,
        held=held,
        share=held / triggered if triggered else None,
    )
