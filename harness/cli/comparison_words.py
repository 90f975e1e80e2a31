"""A comparison told on a terminal."""

from __future__ import annotations

from harness.cli.console import complain, say, say_table
from harness.deciding import Comparison, MetricVerdict, Provenance, Slice

SLICES_SHOWN = 10
TASKS_SHOWN = 5
COLUMNS = ("metric", "baseline", "candidate", "difference", "low", "high", "p worse", "detectable", "pairs", "families")
PARTS = ("part", "metric", "difference", "p worse", "p adjusted", "pairs")


def say_comparison(found: Comparison) -> None:
    """Print what the sides are, in what they differ, every metric that moved, and where."""
    say(f"baseline:  {_side(found.baseline)}")
    say(f"candidate: {_side(found.candidate)}")
    for change in found.axes:
        say(f"  {change.axis}: {change.baseline} -> {change.candidate}")
    if found.mismatches:
        complain("they can not be compared:")
        for line in found.mismatches:
            complain(f"  {line}")
        return
    say_table("", COLUMNS, [_row(one) for one in found.metrics if one.pairs])
    for one in found.metrics:
        if one.gated and (one.worse or one.better_tasks):
            say(f"{one.name}: worse in {_tasks(one.worse)}; better in {_tasks(one.better_tasks)}")
        if one.gated and one.both_succeeded is not None:
            say(f"{one.name} where both succeeded: {one.both_succeeded:.3f} times the baseline's")
    flagged = [one for one in found.slices if one.flagged][:SLICES_SHOWN]
    if flagged:
        say_table("parts that got worse", PARTS, [_part(one) for one in flagged])


def _part(one: Slice) -> tuple[str | float | int, ...]:
    return (f"{one.axis} {one.value}", one.metric, one.difference, one.p_worse, one.p_adjusted, one.pairs)


def _side(one: Provenance) -> str:
    return f"{one.agent} in {one.source}, {one.trials} trials, brain {', '.join(one.brains)}"


def _row(one: MetricVerdict) -> tuple[str | float | int | None, ...]:
    change = f"{one.difference:.3f} x" if one.kind == "ratio" and one.difference is not None else one.difference
    bounds = (one.low, one.high, one.p_worse, one.detectable)
    return (one.name, one.baseline, one.candidate, change, *bounds, one.pairs, one.clusters)


def _tasks(tasks: tuple[str, ...]) -> str:
    if not tasks:
        return "none"
    more = f" and {len(tasks) - TASKS_SHOWN} more" if len(tasks) > TASKS_SHOWN else ""
    return ", ".join(tasks[:TASKS_SHOWN]) + more
