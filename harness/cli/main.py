"""The command ``harness``: commands, and the one place where errors become exit codes."""

from __future__ import annotations

import sys

import typer

from harness import __version__
from harness.cli import deciding, exploring, faults, golden, results, running, triage
from harness.cli.console import complain, say
from harness.errors import HarnessError

USAGE = 2

app = typer.Typer(
    help="Replay golden tasks against simulated tools, with faults, in virtual time; score the path.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(running.demo)
app.command()(running.run)
app.command()(deciding.compare)
app.command()(deciding.gate)
app.command()(deciding.ci)
app.add_typer(deciding.baseline_app, name="baseline")
app.command()(exploring.explore)
app.command()(exploring.shrink)
app.command()(results.report)
app.command()(results.score)
app.command()(results.show)
app.command("replay")(results.replay_trial)
app.command()(triage.triage)
app.add_typer(golden.app, name="golden")
app.command("faults")(faults.faults)


@app.command()
def version() -> None:
    """Print the version."""
    say(__version__)


def main() -> None:
    """Run the command line; misuse ends with one message and exit code 2."""
    try:
        app()
    except HarnessError as error:
        complain(f"error: {error}")
        sys.exit(USAGE)
    except OSError as error:
        if error.filename is None:
            raise  # no file of the user's
        complain(f"error: {error.filename}: {error.strerror}")
        sys.exit(USAGE)
