"""``harness triage``: what got worse, where it parted from the baseline, and what made it part."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.results import AsJson

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
    from harness.cli.triage_words import find_causes  # noqa: PLC0415  # pandas takes its time

    find_causes(baseline, candidate, out, branches, no_replay=no_replay, as_json=as_json)
