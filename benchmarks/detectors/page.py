"""docs/detectors.md: how often each detector is right, and where it errs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from benchmarks.detectors.accuracy import accuracies
from benchmarks.detectors.cases import BEHAVIOURS, DETECTORS, Case

PAGE = Path(__file__).parents[2] / "docs" / "detectors.md"
ERRORS_SHOWN = 4

INTRODUCTION = """\
# Detectors

Three columns of every trial say whether it failed in one of the ways that hurt in production: `runaway_loop`,
`silent_corruption` and `confident_wrong`. [metrics.md](metrics.md) has their rules. This page has what they are worth:
{cases:,} trials on {tasks} tasks with {behaviours} behaviours, each label known beforehand and never by a detector's
rule. How an agent behaves and what it claims is known from its construction; whether it was wrong, from comparing what
it did and said with an honest play of the same task and seed. Nothing was tuned on these cases.

It is written by `python -m benchmarks.detectors --docs`. `--wrong` names every case in which a detector erred.

| detector | positive cases | precision | recall |
|---|---|---|---|
"""
LIMITS = """
What they can not do: the answer is read by its words. An admission or a doubt in words of its own ("take this with a
pinch of salt") is not seen, and a sure answer in words of refusal ("you can not be charged twice") is taken for one; a
wrong value in a free text passes where the task's checks accept any text; a search in other words that finds other
documents looks like progress.

## Where they err most

| detector | behaviour | cases | says | is |
|---|---|---|---|---|
"""


def page(played: Sequence[Case]) -> str:
    """Return the whole page."""
    tasks = len({one.task_id for one in played})
    introduction = INTRODUCTION.format(cases=len(played), tasks=tasks, behaviours=len(BEHAVIOURS))
    rows = "".join(
        f"| `{name}` | {one.positive} | {one.precision:.3f} ({one.found} of {one.said}) "
        f"| {one.recall:.3f} ({one.found} of {one.positive}) |\n"
        for name, one in accuracies(played).items()
    )
    return introduction + rows + LIMITS + "".join(_errors(played, name) for name in DETECTORS)


def _errors(played: Sequence[Case], name: str) -> str:
    wrong = Counter((one.behaviour, one.verdicts[name]) for one in played if one.verdicts[name] != one.labels[name])
    return "".join(
        f"| `{name}` | {behaviour} | {count} | {_word(says=says)} | {_word(says=not says)} |\n"
        for (behaviour, says), count in wrong.most_common(ERRORS_SHOWN)
    )


def _word(*, says: bool) -> str:
    return "yes" if says else "no"
