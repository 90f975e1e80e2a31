"""Tasks that passed every time and do not any more: too few trials for statistics, too plain to hide in a mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.deciding.invariants import replay_command
from harness.deciding.measured_pairs import MeasuredPair, by_cell
from harness.deciding.pairs import Side
from harness.deciding.verdict import HardBreak


def hard_breaks(pairs: Sequence[MeasuredPair], candidate: Side, *, gated: bool) -> tuple[HardBreak, ...]:
    """Return each task and plan that passed in all trials before and fails in some now, the worst first."""
    found = list(_hard_breaks(pairs, candidate, gated=gated))
    return tuple(sorted(found, key=lambda one: (one.after[0] / one.after[1], one.task, one.fault_plan_id)))


def _hard_breaks(pairs: Sequence[MeasuredPair], candidate: Side, *, gated: bool) -> Iterator[HardBreak]:
    for (_, task, plan), group in by_cell(pairs).items():
        failing = [pair.candidate.trial_id for pair in group if not pair.candidate.passed]
        if failing and all(pair.baseline.passed for pair in group):
            yield HardBreak(
                task=task,
                cluster=group[0].cluster,
                fault_plan_id=plan,
                before=(len(group), len(group)),
                after=(len(group) - len(failing), len(group)),
                trial_id=failing[0],
                replay=replay_command(candidate, failing[0]),
                gated=gated,
            )
