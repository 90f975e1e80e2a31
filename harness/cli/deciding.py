"""``harness compare``, ``gate``, ``ci`` and ``baseline``: two sides, and whether the candidate may ship.

What they do is imported when they are called: the libraries behind it take their time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.running import Agent, Jobs, Seed

baseline_app = typer.Typer(help="Save, show and promote what candidates are held against.", no_args_is_help=True)

Run = Annotated[str, typer.Argument(metavar="FOLDER", help="FOLDER or FOLDER:AGENT of a run.")]
BaselineRun = Annotated[str, typer.Argument(metavar="BASELINE", help="FOLDER or FOLDER:AGENT of a run.")]
Reference = Annotated[str, typer.Argument(metavar="BASELINE", help="A saved baseline, or FOLDER or FOLDER:AGENT.")]
Candidate = Annotated[str, typer.Argument(metavar="CANDIDATE", help="FOLDER or FOLDER:AGENT of a run.")]
Config = Annotated[Path | None, typer.Option(help="The gate file; without one, the default gate decides.")]
Out = Annotated[Path | None, typer.Option(help="Folder for verdict.json, verdict.html, junit.xml and summary.md.")]
Explain = Annotated[bool, typer.Option("--explain", help="Show what the suite can tell, and what more trials would.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Approve = Annotated[bool, typer.Option("--update-golden", help="Approve the candidate's paths; not where CI is set.")]
Scenarios = Annotated[
    list[str] | None, typer.Argument(help="Scenario files, or names of scenarios; by default all of scenarios/.")
]
Base = Annotated[str, typer.Option(help="The branch that the change goes into, as origin/main.")]
GateOfBase = Annotated[Path, typer.Option(help="The gate file; what counts is what the merge base has of it.")]
File = Annotated[Path, typer.Argument(help="The baseline's file, as golden/baselines/main.json.")]
VerdictFile = Annotated[Path, typer.Option(help="The verdict.json that lets it.")]


def compare(baseline: BaselineRun, candidate: Candidate, config: Config = None, as_json: AsJson = False) -> None:
    """Hold two agents, planners, models or versions beside each other on equal trials; decides nothing.

    Example: harness compare runs/main runs/mine
    """
    from harness.cli.judgement import show_comparison  # noqa: PLC0415  # pandas takes its time

    show_comparison(baseline, candidate, config, as_json=as_json)


def gate(
    baseline: Reference,
    candidate: Candidate,
    config: Config = None,
    out: Out = None,
    explain: Explain = False,
    update_golden: Approve = False,
    jobs: Jobs = 1,
    as_json: AsJson = False,
) -> None:
    """Decide whether a candidate may ship: PASS or IDENTICAL (0), FAIL (1), INVALID (3), INCONCLUSIVE (4).

    Example: harness gate golden/baselines/main.json runs/mine --config gate.toml
    """
    from harness.cli.judgement import approve, pass_gate  # noqa: PLC0415  # pandas takes its time

    if update_golden:
        approve(candidate, config)
    else:
        pass_gate(baseline, candidate, config, out, jobs, explain=explain, as_json=as_json)


def ci(
    base: Base,
    scenarios: Scenarios = None,
    agent: Agent = None,
    config: GateOfBase = Path("gate.toml"),
    out: Out = None,
    seed: Seed = 0,
    jobs: Jobs = 2,
    explain: Explain = False,
    as_json: AsJson = False,
) -> None:
    """Decide on a change: play the merge base's agent and the present one on the present suite; exit codes as gate's.

    Example: harness ci scenarios/refunds.yaml --base origin/main
    """
    from harness.cli.integrating import integrate  # noqa: PLC0415  # pandas takes its time

    integrate(scenarios or [], base, agent, config, out, seed, jobs, explain=explain, as_json=as_json)


@baseline_app.command()
def save(source: Run, file: File, config: Config = None) -> None:
    """Save one side of a run as a baseline: from a fresh run of main, not from the change that happened to pass.

    Example: harness baseline save .harness/runs/main golden/baselines/main.json
    """
    from harness.cli.baselines import save_baseline  # noqa: PLC0415  # pandas takes its time

    save_baseline(source, file, config)


@baseline_app.command()
def show(file: File, as_json: AsJson = False) -> None:
    """Show where a baseline comes from, and what its families of tasks came to.

    Example: harness baseline show golden/baselines/main.json
    """
    from harness.cli.baselines import show_baseline  # noqa: PLC0415  # pandas takes its time

    show_baseline(file, as_json=as_json)


@baseline_app.command()
def promote(source: Run, file: File, verdict: VerdictFile, config: Config = None) -> None:
    """Save a candidate as the new baseline; refused unless its own verdict is PASS or IDENTICAL.

    Example: harness baseline promote runs/mine golden/baselines/main.json --verdict verdict/verdict.json
    """
    from harness.cli.baselines import promote_candidate  # noqa: PLC0415  # pandas takes its time

    promote_candidate(source, file, verdict, config)
