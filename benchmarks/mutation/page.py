"""docs/mutation.md, written from a run of mutants."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.mutation.report import Finding, summary, survivors, table

PAGE = Path(__file__).parents[2] / "docs" / "mutation.md"
HEAD = """\
# Mutation testing

How much of the reference orchestrator do the scenarios hold fast? One small change at a time is made to
`harness/orchestrator` by the operators of mutmut (another constant, another comparison, an argument left out), and the
scenarios in `scenarios/patterns` are played against it. No unit test takes part. A change is caught when a scenario
does not hold any more: what it expects of a trial is not met, or the trial can not be played. A history that merely
differs counts for nothing.

- The sample is drawn with a seed from all changes that can be made; one that can not be imported is replaced.
- A change that may well mean the same is a survivor like any other; each is listed with what is known of it.
- Left out are `live.py`, `run_queue.py` and the class `SqliteRunLog`, the doors to the real world, which tests with
  real processes hold (`tests/orchestrator`); type aliases, `__all__` and protocols, which do nothing when they run.
- The bound is the lower end of the 95 % score interval of Wilson.

"""


def page(findings: Sequence[Finding], command: str) -> str:
    """Return the page for one run of mutants."""
    return HEAD + "\n".join(_body(findings, command)) + "\n"


def _body(findings: Sequence[Finding], command: str) -> Iterator[str]:
    yield f"This page is written by `{command}`.\n"
    yield from _block(summary(findings))
    yield "\n## Modules\n"
    yield from _block(table(findings))
    yield "\n## Survivors\n"
    yield from _block(survivors(findings))


def _block(lines: Iterator[str]) -> Iterator[str]:
    yield "```text"
    yield from lines
    yield "```"
