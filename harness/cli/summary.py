"""The short result table that ends a run."""

from __future__ import annotations

from pathlib import Path

from harness.analysis import Summary, load_results, summarise
from harness.cli.console import say, say_table
from harness.render import write_report

FINDINGS_SHOWN = 5


def conclude(folder: Path) -> tuple[Summary, Path]:
    """Read a finished results folder, write its report, and return what it comes to and where the report lies."""
    results = load_results(folder)
    return summarise(results), write_report(results)


def say_summary(summary: Summary) -> None:
    """Print the headline, one row for each scenario and agent, and the gravest findings with their replay commands."""
    # Where there is one scenario, its column is better spent on a narrow terminal.
    first = 0 if len({row[0] for row in summary.rows}) > 1 else 1
    say_table("", summary.columns[first:], [row[first:] for row in summary.rows])
    for sentence in summary.headline:
        say(sentence.text)
    harm = [one for one in summary.findings if not one.blocked]
    for finding in harm[:FINDINGS_SHOWN]:
        trials = "1 trial" if finding.trials == 1 else f"{finding.trials} trials"
        say(f"  {finding.agent}, {trials}: {finding.message}\n    {finding.replay}")
    if len(harm) > FINDINGS_SHOWN:
        say(f"  and {len(harm) - FINDINGS_SHOWN} more in the report")
