"""What ``harness compare`` and ``harness gate`` do."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

import typer

from harness.cli.comparison_words import say_comparison
from harness.cli.console import complain, say, say_json
from harness.cli.folders import new_folder
from harness.cli.running import INTERRUPTED
from harness.cli.verdict_words import say_verdict
from harness.deciding import (
    GateFile,
    Rules,
    Verdict,
    compare,
    judge_here,
    no_baseline,
    read_gate_file,
    reference,
    side,
    write_approved,
)
from harness.errors import UsageError
from harness.render import error_annotations, step_summary, write_verdict

INVALID = 3
VERDICTS = Path(".harness/verdicts")


def show_comparison(baseline: str, candidate: str, config: Path | None, *, as_json: bool) -> None:
    """Compare and tell; ends with exit code 3 where the two can not be compared."""
    found = compare(side(baseline), side(candidate), gate_file(config))
    if as_json:
        say_json(found)
    else:
        say_comparison(found)
    if found.mismatches:
        raise typer.Exit(INVALID)


def pass_gate(
    baseline: str, candidate: str, config: Path | None, out: Path | None, jobs: int, *, explain: bool, as_json: bool
) -> None:
    """Decide, write and tell; ends with the exit code of the verdict."""
    after, before = side(candidate), reference(baseline)
    folder = out or new_folder("gate", VERDICTS)
    with uninterrupted():
        given = rules(config)
        verdict = no_baseline(baseline, after) if before is None else judge_here(before, after, given, folder, jobs)
    conclude(verdict, folder, explain=explain, as_json=as_json)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Keep stdout for the verdict, whatever agents print that are played in here; an interrupt is no FAIL."""
    try:
        with redirect_stdout(sys.stderr):
            yield
    except KeyboardInterrupt:
        complain("stopped before the end; there is no verdict")
        raise typer.Exit(INTERRUPTED) from None


def gate_file(config: Path | None) -> GateFile:
    """Return the gate file that is named, or the default one."""
    return GateFile() if config is None else read_gate_file(config)


def rules(config: Path | None) -> Rules:
    """Return the gate file with the folder that its paths start from."""
    return Rules(gate_file(config), config.parent if config else Path())


def approve(candidate: str, config: Path | None) -> None:
    """Write down the candidate's paths as the approved ones; raises UsageError where nobody looks at them."""
    if os.environ.get("CI"):
        msg = "--update-golden: is for people who look at what they approve; CI is set, so nobody does"
        raise UsageError(msg)
    gate, folder, _ = rules(config)
    if gate.golden is None:
        msg = '--update-golden: the gate file names no file for approved paths; add [golden] file = "traces.json"'
        raise UsageError(msg)
    path = folder / gate.golden.file
    say(f"{write_approved(side(candidate), path)} paths approved in {path}; look at its diff before you commit it")


def conclude(verdict: Verdict, folder: Path, *, explain: bool, as_json: bool) -> None:
    """Write every output of a verdict, tell it, and end with its exit code."""
    paths = write_verdict(verdict, folder)
    if as_json:
        say_json(verdict)
    else:
        say_verdict(verdict, explain=explain)
        say("written: " + ", ".join(str(path) for path in paths.values()))
    _tell_github(verdict, annotate=not as_json)
    if verdict.exit_code:
        raise typer.Exit(verdict.exit_code)


def _tell_github(verdict: Verdict, *, annotate: bool) -> None:
    """Say it where GitHub's actions look for it, when this is one of them; annotations would break JSON on stdout."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return
    if annotate:
        say(error_annotations(verdict))
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(step_summary(verdict))
