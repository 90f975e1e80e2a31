"""The short summary for a terminal, and for machines."""

from __future__ import annotations

import msgspec

from harness.analysis.expectations import Unmet, as_expected, unexpected
from harness.analysis.families import Coverage, coverage
from harness.analysis.findings import Finding, findings
from harness.analysis.guards import Share
from harness.analysis.headline import Sentence, headline
from harness.analysis.operations import OperationsRow, operations
from harness.analysis.results import Results
from harness.analysis.verdicts import VerdictRow, verdict_table


class Summary(msgspec.Struct, frozen=True):
    """What to print: sentences, a table of verdicts, findings with their replay commands.

    ``as_expected`` counts the trials of which something was expected, ``unexpected`` says what of it in vain.
    """

    headline: tuple[Sentence, ...]
    verdicts: tuple[VerdictRow, ...]
    findings: tuple[Finding, ...]
    as_expected: Share
    unexpected: tuple[Unmet, ...]
    operations: tuple[OperationsRow, ...]
    coverage: Coverage
    columns: tuple[str, ...]
    rows: tuple[tuple[str | int | None, ...], ...]


COLUMNS = ("scenario", "agent", "trials", "passed", "failed", "violated", "not triggered", "error", "held under fault")


def summarise(results: Results) -> Summary:
    """Return the summary; the last column of ``rows`` is ``held of triggered`` in words, None without a fired fault."""
    table = verdict_table(results)
    return Summary(
        headline=headline(results),
        verdicts=table,
        findings=findings(results),
        as_expected=as_expected(results),
        unexpected=unexpected(results),
        operations=operations(results),
        coverage=coverage(results),
        columns=COLUMNS,
        rows=tuple(_row(one) for one in table),
    )


def _row(row: VerdictRow) -> tuple[str | int | None, ...]:
    held = f"{row.held} of {row.triggered}" if row.triggered else None
    counts = (row.trials, row.passed, row.failed, row.violated, row.not_triggered, row.harness_error)
    return (row.scenario, row.agent, *counts, held)
