"""``harness ci``: the agent of the merge base and the present one on the present suite, in one job."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from harness.campaign import find_scenario
from harness.cli.console import complain, say
from harness.cli.folders import new_folder
from harness.cli.judgement import VERDICTS, conclude, uninterrupted
from harness.cli.triage_words import say_triage
from harness.deciding import (
    Checkout,
    GateFile,
    Rules,
    Side,
    check_is_of_the_base,
    expectation_changes,
    git,
    inside,
    judge,
    merge_base,
    noted,
    parse_gate_file,
    play,
    read_gate_file,
    scenario_of_the_base,
    side,
    text_at,
)
from harness.errors import UsageError
from harness.render import write_report
from harness.render.triage import write_triage
from harness.triage import Replays, triage

BASELINE, CANDIDATE = "baseline", "candidate"


class Arms(NamedTuple):
    """How either side is played: the same words, each with its own code."""

    scenarios: tuple[str, ...]
    scenarios_of_base: tuple[str, ...]
    agent: str | None
    seed: int
    jobs: int
    folder: Path
    checkout: Checkout

    def play(self, name: str, trials: int | None) -> Side:
        """Play one side with so many trials of each cell, or as many as its scenarios say."""
        target = self.folder / (name if trials is None else f"{name}-{trials}")
        base, checkout = name == BASELINE, self.checkout
        scenarios = self.scenarios_of_base if base else self.scenarios
        words = [*scenarios, "--seed", str(self.seed), "--jobs", str(self.jobs)]
        words += ["--agent", self.agent] if self.agent else []
        words += ["--trials", str(trials)] if trials else []
        complain(f"playing the {name} into {target}")
        play(words, target, *((checkout.here, checkout.root) if base else (Path.cwd(), checkout.top)))
        played = side(f"{target}:{self.agent}" if self.agent else str(target))
        if base:
            check_is_of_the_base(checkout, played)
        return played


def integrate(
    scenarios: Sequence[str],
    base: str,
    agent: str | None,
    config: Path,
    out: Path | None,
    seed: int,
    jobs: int,
    *,
    explain: bool,
    as_json: bool,
) -> None:
    """Play both sides, decide, write and tell; ends with the exit code of the verdict."""
    folder = (out or new_folder("ci", VERDICTS)).resolve()
    with uninterrupted(), merge_base(base) as checkout:
        names = tuple(str(find_scenario(one).resolve()) for one in scenarios or _all_scenarios())
        given, changed = gate_of(checkout, config, names)
        then = tuple(scenario_of_the_base(checkout, one) for one in names)
        arms = Arms(names, then, agent, seed, jobs, folder, checkout)
        first = 1 if given.gate.statistics.looks else None
        sides = arms.play(BASELINE, first), arms.play(CANDIDATE, first)

        def extend(one: Side, trials: int) -> Side:
            return arms.play(BASELINE if one.results.folder.name.startswith(BASELINE) else CANDIDATE, trials)

        verdict = judge(*sides, given, extend, changed)
        if checkout.commit == git("rev-parse", "HEAD"):
            verdict = noted(verdict, "HEAD is the merge base itself: nothing but what is not committed was judged")
        if verdict.answer == "FAIL":
            _find_causes(*sides, folder, quiet=as_json)
    conclude(verdict, folder, explain=explain, as_json=as_json)


def _all_scenarios() -> list[str]:
    """Return the project's scenario files; its regressions are played with them anyway."""
    found = sorted(map(str, Path("scenarios").glob("*.y*ml")))
    if not found:
        msg = f"{Path.cwd()}: has no scenarios/*.yaml; name the scenarios to play"
        raise UsageError(msg)
    return found


def _find_causes(baseline: Side, candidate: Side, folder: Path, *, quiet: bool) -> None:
    """Say what broke, where it parted from the merge base, and the smallest plan that shows it."""
    found = triage(baseline, candidate, replays=Replays())
    _, page = write_triage(found, folder)
    write_report(candidate.results)
    if not quiet:
        say_triage(found)
        say(f"page: {page}")


def gate_of(checkout: Checkout, config: Path, scenarios: Sequence[str]) -> tuple[Rules, list[str]]:
    """Return the gate file of the merge base, since a change must not move its own bar, and what it would change."""
    path = inside(checkout, config)
    then = None if path is None else text_at(checkout, path)
    notes: list[str] = []
    if then is not None:
        gate = parse_gate_file(then, f"{config} of {checkout.commit[:12]}")
    elif config.exists():
        gate = read_gate_file(config)
        notes = [] if path is None else [f"{config} is read from the change itself, since it is new"]
    else:
        gate, notes = GateFile(), [f"there is no {config}: the default gate decides"]
    wanted = [config, *map(Path, scenarios), *(config.parent / one for one in _named(gate))]
    found = [one for path in wanted if (one := inside(checkout, path)) is not None]
    folder = config.parent if path is None else (checkout.root / path).parent
    if path is not None:
        _lay_beside(checkout, gate, Path(path).parent)
    return Rules(gate, folder), [*expectation_changes(checkout, found), *notes]


def _named(gate: GateFile) -> list[str]:
    return [one for one in (gate.anchor, gate.golden and gate.golden.file) if one]


def _lay_beside(checkout: Checkout, gate: GateFile, folder: Path) -> None:
    """Put the files that the gate file names where it looks for them: approved paths of now, what is pinned of then.

    Approved paths may change with the agent, and are listed then; what was pinned does not move.
    """
    for name in _named(gate):
        path = os.path.normpath(folder / name)
        now, then = checkout.top / path, text_at(checkout, path) if name == gate.anchor else None
        target = checkout.root / path
        if not target.resolve().is_relative_to(checkout.root.resolve()):
            continue  # outside of the repository, where a change does not reach
        target.parent.mkdir(parents=True, exist_ok=True)
        if then is not None:
            target.write_text(then, encoding="utf-8")
        elif now.is_file():
            shutil.copyfile(now, target)
