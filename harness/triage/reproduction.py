"""The smallest plan that fails in the same way, and the commands that play a failure again."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import msgspec

from harness.campaign import TrialSpec
from harness.exploration import shrink
from harness.triage.replays import Replays


class Reproduction(msgspec.Struct, frozen=True):
    """The faults that are needed, as a scenario would name them; none where it fails without any."""

    faults: tuple[dict[str, Any], ...]
    planned: int
    replays: int


class Commands(msgspec.Struct, frozen=True):
    """What to say to a shell, from the folder in which triage was run."""

    show: str
    replay: str
    shrink: str
    bisect: str


def smallest(spec: TrialSpec, replays: Replays) -> Reproduction:
    """Shrink a failing trial; raises UsageError when it does not fail."""
    if not any(event.kind == "fault_injected" for event in replays(spec).events):
        return Reproduction((), len(spec.plan.faults), 0)
    shrunk = shrink(spec, replays.for_shrinking, replays.kinds)
    faults = tuple(fault.model_dump(mode="json", exclude_defaults=True) for fault in shrunk.after.plan.faults)
    return Reproduction(faults, len(spec.plan.faults), shrunk.replays)


def commands(folder: Path, trial_id: str) -> Commands:
    """Return the commands for one stored trial."""
    show, replay, shrunk = (
        shlex.join(["harness", word, str(folder), trial_id]) for word in ("show", "replay", "shrink")
    )
    bisect = shlex.join(["git", "bisect", "run", "harness", "replay", "--bisect", str(folder), trial_id])
    return Commands(show, replay, shrunk, bisect)
