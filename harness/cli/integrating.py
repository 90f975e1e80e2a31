"""``harness ci``: the agent of the merge base and the present one on the present suite, in one job."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from harness.cli.console import complain, say
from harness.cli.folders import new_folder
from harness.cli.judgement import VERDICTS, conclude
from harness.cli.triage_words import say_triage
from harness.deciding import (
    Checkout,
    GateFile,
    Rules,
    Side,
    expectation_changes,
    judge,
    merge_base,
    parse_gate_file,
    play,
    side,
    text_at,
)
from harness.render import write_report
from harness.render.triage import write_triage
from harness.triage import Replays, triage

BASELINE, CANDIDATE = "baseline", "candidate"


class Arms(NamedTuple):
    """How either side is played: the same words, each with its own code."""

    scenarios: tuple[str, ...]
    agent: str | None
    seed: int
    jobs: int
    folder: Path
    checkout: Checkout

    def play(self, name: str, trials: int | None) -> Side:
        """Play one side with so many trials of each cell, or as many as its scenarios say."""
        target = self.folder / (name if trials is None else f"{name}-{trials}")
        words = [*self.scenarios, "--seed", str(self.seed), "--jobs", str(self.jobs), "--out", str(target)]
        words += ["--agent", self.agent] if self.agent else []
        words += ["--trials", str(trials)] if trials else []
        complain(f"playing the {name} into {target}")
        here = Path.cwd()
        play(words, *((self.checkout.here, self.checkout.root) if name == BASELINE else (here, here)))
        return side(f"{target}:{self.agent}" if self.agent else str(target))


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
    with merge_base(base) as checkout:
        gate, changed = _gate_of(checkout, config)
        names = tuple(str(Path(one).resolve()) if Path(one).is_file() else one for one in scenarios)
        arms = Arms(names, agent, seed, jobs, folder, checkout)
        first = 1 if gate.statistics.looks else None
        sides = arms.play(BASELINE, first), arms.play(CANDIDATE, first)

        def extend(one: Side, trials: int) -> Side:
            return arms.play(BASELINE if one.results.folder.name.startswith(BASELINE) else CANDIDATE, trials)

        verdict = judge(*sides, Rules(gate, checkout.here / config.parent), extend, changed)
    if verdict.answer == "FAIL":
        _find_causes(*sides, folder, quiet=as_json)
    conclude(verdict, folder, explain=explain, as_json=as_json)


def _find_causes(baseline: Side, candidate: Side, folder: Path, *, quiet: bool) -> None:
    """Say what broke, where it parted from the merge base, and the smallest plan that shows it."""
    found = triage(baseline, candidate, replays=Replays())
    _, page = write_triage(found, folder)
    write_report(candidate.results)
    if not quiet:
        say_triage(found)
        say(f"page: {page}")


def _gate_of(checkout: Checkout, config: Path) -> tuple[GateFile, list[str]]:
    """Return the gate file of the merge base, since a change must not move its own bar, and what it would change."""
    changed = expectation_changes(checkout.commit, [str(config)])
    then = text_at(checkout.commit, str(config))
    if then is not None:
        return parse_gate_file(then, f"{config} of {checkout.commit[:12]}"), changed
    if not config.is_file():
        return GateFile(), [*changed, f"there is no {config}: the default gate decides"]
    now = config.read_text(encoding="utf-8")
    return parse_gate_file(now, str(config)), [*changed, f"{config} is read from the change itself, since it is new"]
