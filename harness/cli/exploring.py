"""``harness explore`` and ``harness shrink``: every fault at every call, and the smallest plan that fails."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from harness.campaign import TrialSpec, find_trial, make_manifest, run_campaign, workers
from harness.cli.console import complain, progress, say, say_json
from harness.cli.exploration_folder import claimed_exploration, keep_failing
from harness.cli.exploration_words import say_findings, say_shrunk
from harness.cli.folders import RUNS, claimed, new_folder
from harness.cli.results import FolderAndTrial, folder_and_trial
from harness.cli.running import INTERRUPTED, Agent, AsJson, Jobs, Seed, agent_spec, heard, unheard
from harness.content import all_fault_kinds
from harness.exploration import (
    Exploration,
    Memory,
    bases_of,
    findings,
    play,
)
from harness.exploration import (
    explore as explore_all,
)
from harness.exploration import (
    save as save_regression,
)
from harness.exploration import (
    shrink as shrink_trial,
)
from harness.store import write_manifest

FAILING_FOUND = 1
EXPLORATIONS = Path(".harness/explorations")

Target = Annotated[str, typer.Argument(help="A task (domain/task, * picks several), or a scenario.")]
Depth = Annotated[int, typer.Option(min=1, max=2, help="1: every single fault. 2: pairs as well.")]
Budget = Annotated[int | None, typer.Option(min=1, help="The most trials.")]
Out = Annotated[
    Path | None, typer.Option(help="Folder for what is found; a stopped exploration goes on in its folder.")
]
Save = Annotated[bool, typer.Option("--save", help="Keep it as a scenario in scenarios/regressions.")]


def explore(
    target: Target,
    agent: Agent = None,
    depth: Depth = 1,
    budget: Budget = None,
    out: Out = None,
    seed: Seed = 0,
    jobs: Jobs = 1,
    as_json: AsJson = False,
) -> None:
    """Try every fault at every call of a task, alone and in pairs; exit code 1 when it fails by its own fault.

    Example: harness explore support_desk/bowls_in_shards --depth 2 --jobs 2
    """
    from harness.render import Asked, write_exploration  # noqa: PLC0415  # pandas takes its time

    bases = bases_of(target, [agent_spec(agent)] if agent else None, seed=seed)
    folder = out or new_folder(target.replace("/", "-").replace("*", "all"), EXPLORATIONS)
    given = {"--agent": agent, "--depth": depth, "--seed": seed, "--budget": budget}
    options = [str(word) for pair in given.items() if pair[1] is not None for word in pair]
    command = shlex.join(["harness", "explore", target, *options])
    with claimed_exploration(folder, bases, command, seed) as memory_path:
        exploration = _explored(bases, memory_path, depth, budget, jobs)
        found = findings(exploration)
        keep_failing(folder, exploration, found, command, seed)
        page = write_exploration(found, folder, Asked(target, depth, seed, command))
    if as_json:
        say_json(found)
    else:
        say_findings(found, folder)
        say(f"page: {page}")
    if found.blamed:
        raise typer.Exit(FAILING_FOUND)


def _explored(bases: list[TrialSpec], path: Path, depth: int, budget: int | None, jobs: int) -> Exploration:
    try:
        with workers(jobs) as spread, progress(None, "trials") as report, heard() as check:
            memory = Memory(spread, path, lambda count: check(report(count)))
            return explore_all(bases, memory.play, all_fault_kinds(), depth=depth, budget=budget)
    except KeyboardInterrupt:
        unheard()
        complain(f"stopped before the end; say --out {path.parent} to go on")
        raise typer.Exit(INTERRUPTED) from None


def shrink(words: FolderAndTrial, save: Save = False, as_json: AsJson = False) -> None:
    """Find the smallest plan that makes a failing trial fail in the same way.

    Example: harness shrink .harness/explorations/20260101-120000-refund 3f2a9c0d11ee
    """
    folder, trial_id = folder_and_trial(words, "shrink")
    shrunk = shrink_trial(find_trial(folder, trial_id), play, all_fault_kinds())
    results = new_folder(f"shrunk-{trial_id}", RUNS)
    with claimed(results):
        run_campaign([shrunk.after], results)
    write_manifest(results, make_manifest([shrunk.after], command=f"harness shrink {folder} {trial_id}", seed=0))
    regression = save_regression(shrunk) if save else None
    if as_json:
        say_json({"shrunk": shrunk, "folder": str(results), "regression": str(regression) if regression else None})
    else:
        say_shrunk(shrunk, results)
        if regression:
            say(f"saved: {regression}")
