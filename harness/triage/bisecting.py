"""One stored failure as a question of ``git bisect run``: whether it is there with the code of this commit."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from harness.campaign import find_trial
from harness.errors import HarnessError, UsageError
from harness.history import Event
from harness.store import MANIFEST, read_table
from harness.triage.replays import Replays

Bisected = Literal["good", "bad", "skip"]
# What ``git bisect run`` takes an exit code for; above 127 it stops.
BISECT_EXIT: dict[Bisected, int] = {"good": 0, "bad": 1, "skip": 125}


def bisect_state(folder: Path, trial_id: str) -> tuple[Bisected, str]:
    """Play a stored trial with today's code and return its state, with the reason in words.

    ``bad``: it fails again with its signature. ``good``: it does not fail. ``skip``: it can not be played, or fails in
    another way, so that nothing can be said of this failure.

    Raises UsageError where there are no results, which is no property of a commit.
    """
    if not (folder / MANIFEST).is_file():
        raise UsageError(f"{folder}: holds no results; name a results folder that no checkout takes away")
    try:
        signatures = {row["trial_id"]: row["signature"] for row in read_table(folder, "trials").to_pylist()}
        played = Replays()(find_trial(folder, trial_id))
    except HarnessError as error:
        return "skip", f"it can not be played: {error}"
    if played.state == "good":
        return "good", "it does not fail"
    words = "; ".join(played.signature)
    if played.state == "bad" and " | ".join(played.signature) == signatures[trial_id]:
        return "bad", f"it fails: {words}"
    return "skip", f"it fails in another way: {words}{_why(played.events)}"


def _why(events: tuple[Event, ...]) -> str:
    aborted = [event.payload.get("message") for event in events if event.kind == "trial_aborted"]
    return f" ({aborted[-1]})" if aborted else ""
