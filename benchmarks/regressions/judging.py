"""One regression played, triaged, and held against what its planners have decided; each in a process of its own."""

from __future__ import annotations

import logging
import multiprocessing
import signal
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec
import scipy.stats  # noqa: F401  # takes most of a second, which the processes share in this way

from benchmarks.regressions.mutants import Mutant
from benchmarks.regressions.playing import AGENTS, first_step, mutated, planning, specs_of
from harness.campaign import TrialSpec, make_manifest, run_campaign
from harness.deciding import side
from harness.planners import make_brain
from harness.store import write_manifest
from harness.triage import Depth, Replays, Triage, triage
from harness.triage.comparisons import spec_of

WALL_LIMIT_S = 90.0
CPU_LIMIT_S = 40
FIRST = Depth(clusters=1, branches=0)
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["benchmarks.regressions.judging"])


class Judged(msgspec.Struct, frozen=True):
    """What triage said of a regression, and what is so.

    ``is_regression`` is False where nothing fails that had passed, so that there is nothing to triage.
    """

    name: str
    diff: str
    is_regression: bool
    failing: int = 0
    clusters: int = 0
    step: int | None = None
    true_step: int | None = None
    axis: str = ""
    true_axis: str = ""
    kind: str = ""
    words: str = ""
    note: str = ""

    @property
    def is_right(self) -> bool:
        """Whether both the step and the axis are named."""
        return self.axis == self.true_axis and self.step == self.true_step


def write_run(folder: Path, specs: list[TrialSpec]) -> None:
    """Play trials into a folder."""
    run_campaign(specs, folder)
    write_manifest(folder, make_manifest(specs, command="python -m benchmarks.regressions", seed=0))


def baselines(folder: Path) -> dict[str, Path]:
    """Play every agent as it is, and return the folders by its name."""
    agents = {agent.name: agent for agent in AGENTS.values()}
    for name, agent in agents.items():
        write_run(folder / name, specs_of(agent))
    return {name: folder / name for name in agents}


def judge_all(mutants: Iterable[Mutant], folders: Mapping[str, Path], jobs: int) -> Iterator[Judged]:
    """Judge changes, in order; some are under way when no more are wanted."""
    with ThreadPoolExecutor(jobs) as pool:
        waiting, pending = iter(mutants), []
        for mutant in waiting:
            pending.append(pool.submit(_in_a_process, mutant, folders[AGENTS[mutant.module].name]))
            if len(pending) > jobs:
                yield pending.pop(0).result()
        for one in pending:
            yield one.result()


def _in_a_process(mutant: Mutant, folder: Path) -> Judged:
    here, there = _CONTEXT.Pipe(duplex=False)
    process = _CONTEXT.Process(target=_judge, args=(there, mutant, folder))
    process.start()
    there.close()
    try:
        judged: Judged = here.recv() if here.poll(WALL_LIMIT_S) else _nothing(mutant, "it takes too long")
    except EOFError:
        judged = _nothing(mutant, "its process ended")
    process.kill()
    process.join()
    return judged


def _nothing(mutant: Mutant, note: str) -> Judged:
    return Judged(mutant.name, mutant.diff, is_regression=False, note=note)


def _judge(pipe: Connection, mutant: Mutant, folder: Path) -> None:
    logging.disable()  # tasks that end in an error are no news here
    signal.setitimer(signal.ITIMER_PROF, CPU_LIMIT_S)
    try:
        pipe.send(judged_here(mutant, folder))
    except Exception as error:  # noqa: BLE001  # a planner that can not be imported is no regression
        pipe.send(_nothing(mutant, f"{type(error).__name__}: {error}"))


def judged_here(mutant: Mutant, folder: Path) -> Judged:
    """Judge one change in this process, which it leaves with changed planners."""
    after = mutated(mutant)
    with tempfile.TemporaryDirectory() as name, planning(after):
        candidate = Path(name) / "candidate"
        write_run(candidate, specs_of(AGENTS[mutant.module]))
        found = triage(side(str(folder)), side(str(candidate)), depth=FIRST, replays=Replays())
        if not found.clusters:
            return _nothing(mutant, "nothing fails that had passed")
        spec = _example(found, candidate)
        true_step = first_step(spec, make_brain, after)
    return held_against(mutant.name, mutant.diff, found, true_step, "planner")


def _example(found: Triage, folder: Path) -> TrialSpec:
    return spec_of(side(str(folder)).results.by_id[found.clusters[0].cluster.example])


def held_against(name: str, diff: str, found: Triage, true_step: int | None, true_axis: str) -> Judged:
    """Hold what triage says of the heaviest cluster against what is so."""
    first = found.clusters[0]
    fork, made = first.divergence, first.attribution
    return Judged(
        name=name,
        diff=diff,
        is_regression=True,
        failing=found.transitions["newly_failing"],
        clusters=len(found.clusters) + len(found.unexplained),
        step=fork.step if fork else None,
        true_step=true_step,
        axis=made.axis if made else "",
        true_axis=true_axis,
        kind=fork.kind if fork else "",
        words=fork.words if fork else "",
    )
