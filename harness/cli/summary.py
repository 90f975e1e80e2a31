"""The short result table that ends a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.analysis import ConsistencyRow, OperationsRow, Share, Summary, Unmet, load_results, summarise
from harness.cli.console import say, say_table
from harness.render import number, percent, seconds, usd, write_report

FINDINGS_SHOWN = 5
UNMET_SHOWN = 20
OPERATIONS = (
    *("scenario", "agent", "runs", "success", "steps per run", "tool errors", "retries"),
    *("cost per success", "median", "p95"),
)


def conclude(folder: Path) -> tuple[Summary, Path]:
    """Read a finished results folder, write its report, and return what it comes to and where the report lies."""
    results = load_results(folder)
    return summarise(results), write_report(results)


def say_summary(summary: Summary) -> None:
    """Print two rows for each scenario and agent, the headline, the gravest findings, and what was expected in vain."""
    # Where there is one scenario, its column is better spent on a narrow terminal.
    first = 0 if len({row[0] for row in summary.rows}) > 1 else 1
    say_table("", summary.columns[first:], [row[first:] for row in summary.rows])
    say_table("", OPERATIONS[first:], [_operations(row)[first:] for row in summary.operations])
    for sentence in summary.headline:
        say(sentence.text)
    harm = [one for one in summary.findings if not one.blocked]
    for finding in harm[:FINDINGS_SHOWN]:
        say(f"  {finding.agent}, {_trials(finding.trials)}: {finding.message}\n    {finding.replay}")
    if len(harm) > FINDINGS_SHOWN:
        say(f"  and {len(harm) - FINDINGS_SHOWN} more in the report")
    say_expectations(summary.as_expected, summary.unexpected)


def say_consistency(rows: Sequence[ConsistencyRow]) -> None:
    """Print how far trials that differ in nothing but their seed agree; nothing where each was played once."""
    repeated = [row for row in rows if row.k > 1]
    cells = [
        (row.scenario, row.agent, row.k, *map(percent, (row.pass_at_k, row.pass_hat_k, row.outcomes, row.paths)))
        for row in repeated
    ]
    if cells:
        say_table("", ("scenario", "agent", "k", "pass@k", "pass^k", "same outcomes", "same paths"), cells)


def say_expectations(as_expected: Share, unexpected: Sequence[Unmet]) -> None:
    """Print in how many trials the scenarios hold, and where not; nothing where they expect nothing."""
    if as_expected.total:
        say(f"as expected: {as_expected.hits} of {_trials(as_expected.total)}")
    if unexpected:
        say("not as expected:")
    for one in unexpected[:UNMET_SHOWN]:
        where = f"{one.scenario}: {one.agent} under {one.fault_plan_id}"
        say(f"  {where}, {_trials(one.trials)}: {one.message}\n    {one.replay}")
    if len(unexpected) > UNMET_SHOWN:
        say(f"  and {len(unexpected) - UNMET_SHOWN} more in the report")


def _trials(count: int) -> str:
    return "1 trial" if count == 1 else f"{count} trials"


def _operations(row: OperationsRow) -> tuple[str | int, ...]:
    return (
        row.scenario,
        row.agent,
        row.runs,
        percent(row.success.value),
        number(row.steps_per_run),
        percent(row.tool_error.value),
        percent(row.retry.value),
        usd(row.cost_per_success_usd),
        seconds(row.duration_median_s),
        seconds(row.duration_p95_s),
    )
