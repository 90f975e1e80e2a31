"""``harness report``, ``score`` and ``replay``: what can be done with a results folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.campaign import differences, replay, rescore
from harness.cli.console import complain, say, say_json
from harness.cli.folders import latest_folder
from harness.errors import UsageError
from harness.store import read_manifest

CHANGES_SHOWN = 20
Folder = Annotated[Path | None, typer.Argument(help="A results folder; by default the latest.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def report(folder: Folder = None) -> None:
    """Write report.html anew from the stored tables.

    Example: harness report .harness/runs/20260101-120000-demo
    """
    from harness.cli.summary import conclude, say_summary  # noqa: PLC0415  # pandas takes its time

    chosen = folder or latest_folder()
    summary, path = conclude(chosen)
    say_summary(summary)
    say(f"report: {path}")


def score(folder: Folder = None, as_json: AsJson = False) -> None:
    """Score stored trials again from their records alone, and say what changed.

    Example: harness score
    """
    chosen = folder or latest_folder()
    result = rescore(chosen)
    if as_json:
        say_json(result)
        return
    for line in result.changed[:CHANGES_SHOWN]:
        say(line)
    say(f"{result.trials} trials scored again in {chosen}; {len(result.changed)} changes")


def replay_trial(
    words: Annotated[list[str], typer.Argument(metavar="[FOLDER] TRIAL_ID", help="A results folder and a trial id.")],
    as_json: AsJson = False,
) -> None:
    """Play one stored trial again, and say whether its history is identical to the byte (exit code 1 if not).

    Example: harness replay 3f2a9c0d11ee
    """
    if len(words) > 2:  # noqa: PLR2004  # a folder and a trial id
        msg = f"replay takes a results folder and a trial id, not {len(words)} words"
        raise UsageError(msg)
    folder = Path(words[0]) if len(words) > 1 else latest_folder()
    changed = differences(read_manifest(folder))
    result = replay(folder, words[-1])
    if as_json:
        say_json({"identical": result.identical, "replayed": result, "environment_differs": changed})
    elif result.identical:
        say(f"{result.trial_id}: identical history {result.stored_digest[:16]}, verdict {result.verdict}")
    else:
        complain(f"{result.trial_id}: was {result.stored_verdict}, is now {result.verdict}")
        complain(f"the history differs from event {result.first_difference} on: {result.then}; now: {result.now}")
        for line in changed:
            complain(f"environment differs: {line}")
    if not result.identical:
        raise typer.Exit(1)
