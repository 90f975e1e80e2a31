"""``harness triage``: what got worse, where it parted from the baseline, and what made it part."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.console import say, say_json
from harness.cli.results import AsJson

CLUSTERS_SHOWN = 5

Baseline = Annotated[str, typer.Argument(metavar="BASELINE", help="A results folder, or FOLDER:AGENT.")]
Candidate = Annotated[
    str | None,
    typer.Argument(metavar="[CANDIDATE]", help="The other side; without it, the failing trials of the one given."),
]
Out = Annotated[Path | None, typer.Option(help="Folder for triage.json and triage.md; by default the candidate's.")]
Branches = Annotated[
    int, typer.Option(min=0, help="How often a failing trial is played on from each of its steps; 0: not at all.")
]
NoReplay = Annotated[bool, typer.Option("--no-replay", help="Play nothing; less is known.")]


def triage(
    baseline: Baseline,
    candidate: Candidate = None,
    out: Out = None,
    branches: Branches = 8,
    no_replay: NoReplay = False,
    as_json: AsJson = False,
) -> None:
    """Say what got worse between two runs: clusters of failures, the first different step, and what made it differ.

    Example: harness triage .harness/runs/before .harness/runs/after
    """
    # pandas takes its time
    from harness.deciding import side  # noqa: PLC0415
    from harness.render.triage import write_triage  # noqa: PLC0415
    from harness.triage import Depth, Replays, triage_one  # noqa: PLC0415
    from harness.triage import triage as triage_two  # noqa: PLC0415

    replays = None if no_replay else Replays()
    depth = Depth(branches=branches)
    chosen = side(candidate or baseline)
    if candidate is None:
        found = triage_one(chosen, depth=depth, replays=replays)
    else:
        found = triage_two(side(baseline), chosen, depth=depth, replays=replays)
    _, page = write_triage(found, out or chosen.results.folder)
    if as_json:
        say_json(found)
        return
    _say(found)
    say(f"page: {page}")


def _say(found: object) -> None:
    from harness.render import shown  # noqa: PLC0415
    from harness.render.triage import facts  # noqa: PLC0415  # as above
    from harness.triage import Triage  # noqa: PLC0415

    assert isinstance(found, Triage)
    say(", ".join(f"{count} {name.replace('_', ' ')}" for name, count in found.transitions.items()))
    if found.flaky:
        say(f"{len(found.flaky)} cells disagree with themselves from trial to trial")
    for rank, one in enumerate(found.clusters[:CLUSTERS_SHOWN], 1):
        say(f"{rank}. {shown(one.cluster.title)}")
        for line in facts(one):
            say(f"   {shown(line)}")
        say(f"   {one.commands.replay}")
        say(f"   {one.commands.bisect}")
    left = len(found.clusters) + len(found.unexplained) - CLUSTERS_SHOWN
    if left > 0:
        say(f"and {left} more clusters on the page")
