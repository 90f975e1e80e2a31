"""What ``harness triage`` does, and a triage told on a terminal."""

from __future__ import annotations

from pathlib import Path

from harness.cli.console import say, say_json
from harness.deciding import side
from harness.render import shown
from harness.render.triage import facts, write_triage
from harness.triage import Depth, Replays, Triage, triage, triage_one

CLUSTERS_SHOWN = 5


def find_causes(
    baseline: str, candidate: str | None, out: Path | None, branches: int, *, no_replay: bool, as_json: bool
) -> None:
    """Triage two sides, or the failing trials of one; write it and tell it."""
    replays = None if no_replay else Replays()
    depth, chosen = Depth(branches=branches), side(candidate or baseline)
    if candidate is None:
        found = triage_one(chosen, depth=depth, replays=replays)
    else:
        found = triage(side(baseline), chosen, depth=depth, replays=replays)
    _, page = write_triage(found, out or chosen.results.folder)
    if as_json:
        say_json(found)
        return
    say_triage(found)
    say(f"page: {page}")


def say_triage(found: Triage) -> None:
    """Print what became of the trials, and the gravest clusters with what is known of them."""
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
