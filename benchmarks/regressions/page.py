"""The table of docs/triage.md that says how often triage was right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.regressions.judging import Judged

PAGE = Path(__file__).parents[2] / "docs" / "triage.md"
LONGEST = 70
BEGIN, END = "<!-- regressions -->", "<!-- end of regressions -->"


def with_table(page: str, regressions: Sequence[Judged], controls: Sequence[Judged]) -> str:
    """Return the page with a new table between its marks."""
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return "".join([head, BEGIN, "\n", "\n".join(_table(regressions, controls)), "\n", END, tail])


def _table(regressions: Sequence[Judged], controls: Sequence[Judged]) -> Iterator[str]:
    right, fair = (sum(one.is_right for one in some) for some in (regressions, controls))
    yield f"Step and axis are right in {right} of {len(regressions)} regressions that were not used while triage was"
    yield f"developed. Of {len(controls)} changes on other axes, the right one is named in {fair}.\n"
    yield "| change | failing | first step | class | named | |"
    yield "|---|---|---|---|---|---|"
    yield from (_row(one) for one in (*regressions, *controls))


def _row(one: Judged) -> str:
    verdict = "right" if one.is_right else f"wrong: step {one.true_step}, {one.true_axis}"
    return f"| {_change(one)} | {one.failing} | {one.step} | {one.kind.replace('_', ' ')} | {one.axis} | {verdict} |"


def _change(one: Judged) -> str:
    """Name a change; of a line, as it is now, the beginning."""
    if "\n" not in one.diff:
        return one.name
    line = one.diff.splitlines()[1].removeprefix("+ ").replace("|", "\\|")
    return f"{one.name} `{line[:LONGEST]}{'…' if len(line) > LONGEST else ''}`"
