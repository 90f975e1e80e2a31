"""How often the gate errs and how often it sees: its own rules, played many times on suites whose truth is known.

    python -m benchmarks.calibration [--repetitions 10000] [--docs]

A wrong PASS is one for a candidate that loses exactly the margin; a wrong FAIL is one for a candidate that loses
nothing. Power is set beside the closed forms that the product prints.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from benchmarks.calibrated_suites import (
    MEAN,
    RATES,
    RATIO,
    RATIO_MARGIN,
    SCATTERED_SHARE,
    Cell,
    Outcome,
    cells,
    play,
    rare_gains,
    t_alone,
    true_spread,
)
from harness.statistics import LookPlan, look_alphas, pass_power, rate_at_most, t_power

PAGE = Path(__file__).parents[1] / "docs" / "calibration.md"
REPETITIONS = 10_000
PROMISED = 0.05
POWER_GAP_MAX = 0.03
ONE_LOOK = LookPlan(trials=(8,), alpha=0.04, alpha_fail_fast=0.0)


class PowerCell(msgspec.Struct, frozen=True):
    """One look at a suite, and the closed form of what it should say how often."""

    cell: Cell
    verdict: Literal["PASS", "FAIL"]

    def closed_form(self) -> float:
        """Return the power that the product would print."""
        cell, alpha = self.cell, ONE_LOOK.alpha
        spread = true_spread(cell, ONE_LOOK.trials[0])
        if self.verdict == "FAIL":
            return t_power(cell.clusters, spread, cell.loss, alpha)
        return pass_power(cell.clusters, spread, cell.margin, alpha, difference=-cell.loss, worst=cell.family.worst)


def power_cells() -> Iterator[PowerCell]:
    """Yield suites for a PASS of an unchanged candidate, and for a FAIL of one that is worse everywhere."""
    for family, clusters, margin in (
        (RATES[0], 20, 0.20),
        (RATES[0], 50, 0.10),
        (RATES[0], 100, 0.05),
        (RATES[1], 100, 0.06),
        (RATES[0], 200, 0.03),
        (MEAN, 100, 0.05),
        (RATIO, 50, math.log(RATIO_MARGIN)),
        (RATIO, 100, math.log(RATIO_MARGIN)),
    ):
        yield PowerCell(Cell(family, clusters, margin), "PASS")
    for family, clusters, loss in (
        (RATES[0], 20, 0.10),
        (RATES[0], 50, 0.05),
        (RATES[1], 100, 0.05),
        (MEAN, 50, 0.03),
        (RATIO, 20, math.log(1.2)),
    ):
        yield PowerCell(Cell(family, clusters, margin=0.01, loss=loss), "FAIL")


class Row(msgspec.Struct, frozen=True):
    """A line of the page, and whether it keeps what was promised."""

    text: str
    kept: bool


ERRORS = "metric                  families  margin  truth                     verdict  wrong  at most   alarm  trials"
POWERS = "metric                  families  margin    loss  verdict    seen    told     gap"


def error_row(cell: Cell, outcome: Outcome) -> Row:
    """Return the wrong verdicts of a cell with the upper end of their 99 % interval (Clopper and Pearson)."""
    wrong = outcome.passed if cell.loss else outcome.failed
    most = rate_at_most(round(wrong * outcome.repetitions), outcome.repetitions, 0.005)
    lost = f"{cell.share:.0%} lose it for all"
    truth = lost if cell.loss else f"{cell.share:.0%} lose, others gain" if cell.scattered else "nothing changed"
    margin = f"{math.exp(cell.margin):.2f}x" if cell.family.kind == "ratio" else f"{cell.margin:.2f}"
    text = f"{cell.family.name:24}{cell.clusters:8}{margin:>8}  {truth:28}{'PASS' if cell.loss else 'FAIL'}"
    return Row(f"{text}{wrong:8.2%}{most:9.2%}{outcome.alarmed:8.2%}{outcome.trials:8.1f}", most <= PROMISED)


def power_row(power: PowerCell, outcome: Outcome) -> Row:
    """Return the power of a cell beside its closed form."""
    seen, told, cell = (outcome.passed if power.verdict == "PASS" else outcome.failed), power.closed_form(), power.cell
    text = f"{cell.family.name:24}{cell.clusters:8}{cell.margin:8.3f}{cell.loss:8.3f}     {power.verdict}"
    return Row(f"{text}{seen:8.1%}{told:8.1%}{seen - told:+8.1%}", abs(seen - told) <= POWER_GAP_MAX)


def table(heading: str, rows: Sequence[Row]) -> str:
    """Return rows as a block of text; a line that breaks the promise says so."""
    return "\n".join([heading, *(row.text + ("" if row.kept else "  BROKEN") for row in rows)])


def page(repetitions: int) -> tuple[str, bool]:
    """Return the page, and whether every promise is kept."""
    plan = LookPlan()
    errors = [error_row(cell, play(cell, plan, repetitions, at)) for at, cell in enumerate(cells())]
    powers = [power_row(one, play(one.cell, ONE_LOOK, repetitions, at)) for at, one in enumerate(power_cells(), 1000)]
    rare = [cell for cell in cells() if cell.loss and cell.share < SCATTERED_SHARE and cell.family in RATES]
    alone = [error_row(cell, play(cell, plan, repetitions, at, t_alone)) for at, cell in enumerate(rare, 2000)]
    gains = [error_row(cell, play(cell, plan, repetitions, at)) for at, cell in enumerate(rare_gains(), 3000)]
    text = TEXT.format(
        repetitions=f"{repetitions:,}",
        looks=", ".join(map(str, plan.trials)),
        levels=", ".join(f"{alpha:.2%}" for alpha in look_alphas(plan)),
        alarm=f"{plan.alpha_fail_fast:.0%}",
        errors=table(ERRORS, errors),
        powers=table(POWERS, powers),
        alone=table(ERRORS, alone),
        gains=table(ERRORS, gains),
    )
    return text, all(row.kept for row in (*errors, *powers))


TEXT = """# Calibration

How often does the gate err, and how often does it see what is there? `benchmarks/calibration.py` draws suites whose
truth is known, {repetitions} for each line, and asks the rules of `harness.statistics` themselves. Families of tasks
are drawn anew each time, then their trials. The gate looks after {looks} trials a family,
at levels of {levels}. Up to the first look, the alarm for big breakage, at {alarm},
may ring after every round of trials.

This page is written by `python -m benchmarks.calibration --docs`.

## Wrong verdicts

A wrong PASS is one for a candidate that loses exactly the margin, be it in all families, a quarter of them or few. A
wrong FAIL is one for a candidate that loses nothing on average. Promised: both at most 5 %, by the upper end of their
99 % interval (*at most*). *alarm* is how often the alarm rang, *trials* how many a family took on average.

```text
{errors}
```

## Power

One look at eight trials a family, at a level of 4 %: how often the verdict was given, and what the product's own
closed forms (`pass_power`, `t_power`) told. Promised: within three points.

```text
{powers}
```

## Why not the t-interval alone

Where few families carry the whole loss, a suite may hold none of them, and the rest looks fine. The t-interval can not
know; it passes such a candidate too often. So the lower end of the interval is also bounded by what families that are
not in the suite may lose, which is why a margin of .05 takes 59 families and one of .03 takes 99, even when none of
them differs. These are the cells from above with the t-interval alone; a broken promise is marked.

```text
{alone}
```

What that costs: for 80 % power at a margin of .05, with rates about .90 and eight trials, the t-interval alone would
ask for some 50 families, this rule asks for some 100.

## What is not promised

FAIL rests on the t-interval. Where nearly every family loses a little and very few gain all there is to gain, so that
the mean does not move, FAIL comes more often than 5 %. Most families did get worse.

```text
{gains}
```
"""


def main() -> None:
    """Print the page, or write it; end with 1 when a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=REPETITIONS)
    parser.add_argument("--docs", action="store_true", help="write docs/calibration.md")
    told = parser.parse_args()
    text, kept = page(told.repetitions)
    if told.docs:
        PAGE.write_text(text, encoding="utf-8")
    else:
        print(text)
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
