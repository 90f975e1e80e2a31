"""``harness demo`` and ``harness run``: scenarios played, stored, scored and reported."""

from __future__ import annotations

import logging
import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from harness.agents import resolve
from harness.campaign import TrialSpec, expand, find_scenario, load_scenario, make_manifest, run_campaign
from harness.cli.console import complain, progress, say, say_json
from harness.cli.folders import claimed, new_folder
from harness.content import AgentSpec, Scenario, shorten
from harness.errors import AgentError, ContentError
from harness.exploration import regressions_for
from harness.store import write_manifest

DEMO = ("demo",)
INTERRUPTED = 130
NOT_AS_EXPECTED = 1
VOID = 3  # some trials could not be played; nothing can be said of them

Agent = Annotated[str | None, typer.Option(help="One of the scenario's agents, a built-in one, or module:attribute.")]
Out = Annotated[Path | None, typer.Option(help="Folder for the results; by default .harness/runs/<time>-<name>.")]
Seed = Annotated[int, typer.Option(help="Seed of the campaign; the same seed gives the same histories.")]
Jobs = Annotated[int, typer.Option(min=1, help="Processes; they change the speed, never a result.")]
Trials = Annotated[int | None, typer.Option(min=1, help="Trials of each cell, instead of the scenario's.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")]


def demo(out: Out = None, seed: Seed = 0, jobs: Jobs = 2, as_json: AsJson = False) -> None:
    """Play the demo: one support desk, faults at every turn, a sound orchestrator and two with a part missing.

    Example: harness demo
    """
    run_scenarios(DEMO, None, out, seed, jobs, None, as_json=as_json)


def run(
    scenarios: Annotated[list[str], typer.Argument(help="Scenario files, or names of scenarios of a pack.")],
    agent: Agent = None,
    out: Out = None,
    seed: Seed = 0,
    jobs: Jobs = 1,
    trials: Trials = None,
    as_json: AsJson = False,
) -> None:
    """Play scenarios and write the results: Parquet tables and report.html.

    Ends with exit code 1 when something that a scenario expects is not so, and with 3 when a trial could not be played.

    Example: harness run scenarios/demo.yaml --agent my_agent:agent --jobs 2
    """
    run_scenarios(scenarios, agent, out, seed, jobs, trials, as_json=as_json)


def run_scenarios(
    names: list[str] | tuple[str, ...],
    agent: str | None,
    out: Path | None,
    seed: int,
    jobs: int,
    trials: int | None,
    *,
    as_json: bool,
) -> None:
    """Check everything first, then play all trials and report."""
    from harness.cli.summary import conclude, say_summary  # noqa: PLC0415  # pandas takes its time

    specs = _specs(names, agent, seed, trials)
    folder = out or new_folder(Path(names[0]).stem)
    try:
        with claimed(folder), progress(len(specs), "trials") as report, heard() as check:
            run_campaign(specs, folder, jobs=jobs, progress=lambda count: check(report(count)))
    except KeyboardInterrupt:
        unheard()
        complain(f"stopped before the end; what is in {folder} is incomplete: remove it, or give another --out")
        raise typer.Exit(INTERRUPTED) from None
    write_manifest(folder, make_manifest(specs, command=_command(names, agent, seed, trials), seed=seed))
    summary, path = conclude(folder)
    if as_json:
        say_json(summary)
    else:
        say_summary(summary)
        say(f"report: {path}")
    if any(row.harness_error for row in summary.verdicts):
        raise typer.Exit(VOID)
    if summary.unexpected:
        raise typer.Exit(NOT_AS_EXPECTED)


def unheard() -> None:
    """Let the task of an interrupted run die in silence: asyncio would print that nobody has heard of its end."""
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)


@contextmanager
def heard() -> Iterator[Callable[[None], None]]:
    """Hear Ctrl-C, and yield what raises KeyboardInterrupt if it was pressed.

    What is raised out of a signal can be lost on its way, where a library or a finalizer that was just running swallows
    it; what is asked again after each chunk is not.
    """
    pressed: list[int] = []

    def press(number: int, _frame: object) -> None:
        pressed.append(number)
        raise KeyboardInterrupt

    def check(_done: None = None) -> None:
        if pressed:
            raise KeyboardInterrupt

    def tell(lost: sys.UnraisableHookArgs) -> None:
        if not issubclass(lost.exc_type, KeyboardInterrupt):  # that one is not lost
            hook(lost)

    before, hook = signal.signal(signal.SIGINT, press), sys.unraisablehook
    sys.unraisablehook = tell
    try:
        yield check
    finally:
        sys.unraisablehook = hook
        signal.signal(signal.SIGINT, before)


def _specs(names: list[str] | tuple[str, ...], agent: str | None, seed: int, trials: int | None) -> list[TrialSpec]:
    problems: list[str] = []
    specs: list[TrialSpec] = []
    for name in names:
        try:
            scenario = load_scenario(find_scenario(name))
            specs += expand(scenario, seed=seed, trials=trials, agents=_agents(scenario, agent))
        except ContentError as error:
            problems += error.problems
    if problems:
        raise ContentError(list(dict.fromkeys(problems)))
    if not specs:
        raise ContentError([f"{', '.join(names)}: there is no trial in it; let its tasks and its faults meet"])
    return list({spec.trial_id: spec for spec in (*regressions_for(specs), *specs)}.values())


def _agents(scenario: Scenario, name: str | None) -> tuple[AgentSpec, ...] | None:
    if name is None:
        return None
    named = tuple(agent for agent in scenario.agents if agent.name == name) or (agent_spec(name),)
    for agent in named:
        resolve(agent)
    return named


def agent_spec(name: str) -> AgentSpec:
    """Return the agent of a name that is a built-in one or module:attribute; raises AgentError for any other."""
    try:
        spec = AgentSpec(name=name, agent=name)
    except ValidationError as error:
        msg = f"--agent {shorten(name)}: is no name for an agent; give at most 80 printable characters"
        raise AgentError(msg) from error
    resolve(spec)
    return spec


def _command(names: list[str] | tuple[str, ...], agent: str | None, seed: int, trials: int | None) -> str:
    words = ["harness", "run", *names, "--seed", str(seed)]
    words += ["--agent", agent] if agent else []
    words += ["--trials", str(trials)] if trials else []
    return shlex.join(words)
