"""What holds for the verdict as a whole, in sentences that every output for people says."""

from __future__ import annotations

from collections.abc import Iterator

from harness.deciding import Verdict
from harness.render.numbers import number, percent
from harness.render.verdicts.figures import counted, finite


def rests_on(verdict: Verdict) -> str:
    """Say on how many trials, on which looks and on which brain the verdict rests."""
    brains = ", ".join(verdict.brains) or "none"
    pairs = f"{counted(verdict.pairs, 'pair')} of trials in {counted(verdict.clusters, 'cluster')}"
    looks = ", ".join(number(look) for look in verdict.looks)
    looked = f"; looked at {looks} trials for each task and plan" if looks else ""
    return f"Rests on {pairs}{looked}; brain: {brains}."


def bounds(verdict: Verdict) -> Iterator[str]:
    """Say what so many trials can not exclude, though they showed nothing of it."""
    if (loss := finite(verdict.bound)) is not None:
        yield f"Equal on every trial; a loss of success of up to {percent(loss)} would have stayed unseen."
    if (share := finite(verdict.violation_bound)) is not None:
        yield f"No trial breaks an invariant; up to {percent(share)} of all trials still might, at 95 % confidence."
