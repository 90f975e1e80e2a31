"""``harness report``, ``score``, ``show`` and ``replay``: what can be done with a results folder."""

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
STOP_BISECTING = 128  # git takes it for an end, and not for an answer
Folder = Annotated[Path | None, typer.Argument(help="A results folder; by default the latest.")]
FolderAndTrial = Annotated[
    list[str], typer.Argument(metavar="[FOLDER] TRIAL_ID", help="A results folder and a trial id.")
]
Bisect = Annotated[
    bool, typer.Option("--bisect", help="For git bisect run: exit 0 does not fail, 1 fails again, 125 can not be told.")
]
Metrics = Annotated[
    str | None, typer.Option(metavar="NAMES", help="Only these metrics, with commas between them; by default all.")
]
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


def score(folder: Folder = None, metrics: Metrics = None, as_json: AsJson = False) -> None:
    """Score stored trials again from their records alone; say what changed, and what was expected in vain.

    Example: harness score --metrics tool_f1,cost_usd
    """
    from harness.analysis import consistency, load_results, summarise  # noqa: PLC0415  # pandas takes its time
    from harness.cli.summary import say_consistency, say_expectations  # noqa: PLC0415  # as above

    chosen = folder or latest_folder()
    result = rescore(chosen, None if metrics is None else [name.strip() for name in metrics.split(",")])
    results = load_results(chosen)
    summary, agreement = summarise(results), consistency(results)
    if as_json:
        held = {"as_expected": summary.as_expected, "unexpected": summary.unexpected}
        say_json(
            {
                "trials": result.trials,
                "changed": result.changed,
                "outdated": result.outdated,
                "consistency": agreement,
                **held,
            }
        )
        return
    for line in result.changed[:CHANGES_SHOWN]:
        say(line)
    say(f"{result.trials} trials scored again in {chosen}; {len(result.changed)} changes")
    if result.outdated:
        say(f"another version of the scorer had made: {', '.join(result.outdated)}")
    say_consistency(agreement)
    say_expectations(summary.as_expected, summary.unexpected)


def show(words: FolderAndTrial, as_json: AsJson = False) -> None:
    """Show one stored trial step by step: what was decided, what was executed, and where it broke.

    Example: harness show 3f2a9c0d11ee
    """
    from harness.analysis import load_results  # noqa: PLC0415  # pandas takes its time
    from harness.cli.story import say_story, story_of  # noqa: PLC0415  # as above

    folder, trial_id = folder_and_trial(words, "show")
    story = story_of(load_results(folder), trial_id)
    if as_json:
        say_json(story)
    else:
        say_story(story)


def replay_trial(words: FolderAndTrial, bisect: Bisect = False, as_json: AsJson = False) -> None:
    """Play one stored trial again, and say whether its history is identical to the byte (exit code 1 if not).

    Example: harness replay 3f2a9c0d11ee
    """
    folder, trial_id = folder_and_trial(words, "replay")
    if bisect:
        raise typer.Exit(_bisected(folder, trial_id))
    changed = differences(read_manifest(folder))
    result = replay(folder, trial_id)
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


def _bisected(folder: Path, trial_id: str) -> int:
    """Say whether a failure is there with today's code; return what ``git bisect run`` wants to hear."""
    from harness.triage import BISECT_EXIT, bisect_state  # noqa: PLC0415  # scipy takes its time

    try:
        state, why = bisect_state(folder, trial_id)
    except UsageError as error:
        complain(f"error: {error}")
        return STOP_BISECTING
    say(f"{trial_id}: {state}, {why}")
    return BISECT_EXIT[state]


def folder_and_trial(words: list[str], command: str) -> tuple[Path, str]:
    """Return the folder, by default the latest, and the trial that a command is told; raises UsageError."""
    if len(words) > 2:  # noqa: PLR2004  # a folder and a trial id
        msg = f"{command} takes a results folder and a trial id, not {len(words)} words"
        raise UsageError(msg)
    return Path(words[0]) if len(words) > 1 else latest_folder(), words[-1]
