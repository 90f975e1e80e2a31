"""What an exploration found, in words and tables."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import yaml

from harness.boundary import FaultPlan
from harness.cli.console import say, say_table
from harness.exploration import BLAMED, FAULTS_NAMED, OUTCOMES, Cell, Failure, Findings, Fired, Shrunk

FAILURES_SHOWN = 10


def say_findings(found: Findings, folder: Path) -> None:
    """Print how each place bore its faults, what fired, and how the agent failed."""
    told = ", ".join(f"{name} {count}" for name, count in found.outcomes.items())
    say(f"{found.trials} trials, {found.histories} different histories: {told}")
    for twin in found.unsound:
        say(f"{twin.agent} {twin.outcome} without any fault: {twin.task_id}")
    if found.left_out:
        say(f"{found.left_out} plans were left out for want of budget; give more to --budget")
    say_table("single faults, by place", ("agent", "place", *OUTCOMES, "fails under"), _places(found.cells))
    for line in _fired(found.primitives):
        say(line)
    for failure in found.failures[:FAILURES_SHOWN]:
        _say_failure(failure, folder)
    if len(found.failures) > FAILURES_SHOWN:
        say(f"and {len(found.failures) - FAILURES_SHOWN} more ways to fail in {folder}")


def _places(cells: Sequence[Cell]) -> list[tuple[str | int, ...]]:
    counts: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    fails: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for cell in cells:
        key = (cell.agent, cell.place)
        counts[key].update(cell.outcomes)
        fails[key] += [cell.kind] if cell.worst in BLAMED else []
    told = {key: ", ".join(dict.fromkeys(kinds)) for key, kinds in fails.items()}
    return [(*key, *(count[name] for name in OUTCOMES), told[key]) for key, count in counts.items()]


def _fired(primitives: Sequence[Fired]) -> list[str]:
    lines = []
    for agent in dict.fromkeys(one.agent for one in primitives):
        own = [one for one in primitives if one.agent == agent]
        fired = ", ".join(f"{one.primitive} {one.trials}" for one in own if one.trials) or "nothing"
        never = ", ".join(one.primitive for one in own if not one.trials) or "nothing"
        lines += [f"{agent} at work: {fired}", f"{agent} never: {never}"]
    return lines


def _say_failure(failure: Failure, folder: Path) -> None:
    first = failure.plans[0]
    plans = "1 plan" if len(failure.plans) == 1 else f"{len(failure.plans)} plans"
    say(f"{failure.agent} {failure.outcome}, {plans}: {'; '.join(failure.signature)}")
    say(f"    {first.task_id}: {_faults(first.faults)}")
    say(f"    harness shrink {folder} {first.trial_id}")


def _faults(told: Sequence[str]) -> str:
    named = " and ".join(told[:FAULTS_NAMED])
    return named if len(told) <= FAULTS_NAMED else f"{named} and {len(told) - FAULTS_NAMED} more at once"


def say_shrunk(shrunk: Shrunk, folder: Path) -> None:
    """Print the plan before and after, and how to play the smallest one again."""
    before, after = shrunk.before.plan, shrunk.after.plan
    say(f"before, {_size(before)}:\n{_yaml(before)}")
    say(f"after {shrunk.replays} replays, {_size(after)}:\n{_yaml(after)}")
    say(f"{shrunk.after.task_id} {shrunk.played.outcome}: {'; '.join(shrunk.played.signature)}")
    say(f"replay: harness replay {folder} {shrunk.after.trial_id}")


def _size(plan: FaultPlan) -> str:
    return "1 fault" if len(plan.faults) == 1 else f"{len(plan.faults)} faults"


def _yaml(plan: FaultPlan) -> str:
    faults = [fault.model_dump(mode="json", exclude_defaults=True) for fault in plan.faults]
    return yaml.safe_dump(faults, sort_keys=False, default_flow_style=None, width=120).rstrip()
