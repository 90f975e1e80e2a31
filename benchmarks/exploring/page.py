"""docs/exploring_defects.md: after how many trials each defect is found, by exploration and by random injection."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.exploring.finding import LONGER, RATES, SERIES, Finding, Found

PAGE = Path(__file__).parents[2] / "docs" / "exploring_defects.md"

INTRODUCTION = """\
# Defects found by exploration

The defects in `benchmarks/defects` are the reference orchestrator with one part missing or wrong. Here nobody tells the
harness where to look: of the scenario of each defect only the deployment is taken, which is the agent's settings and
its golden tasks, without the fault plans and expectations that people have written there. `harness explore` plays all
single faults, with a swarm of drawn ones after each, and then pairs; random injection plays the same tasks,
where each call is hit with a probability of 0.1 or 0.3, by faults of the same kinds and variants that are drawn anew
for each trial.

- A trial *shows* a defect when the defective agent ends in harm, the sound agent ends in none in the same trial, and
  the defective one in none without the faults. Harm is: the task not done and called done, also by an agent that was
  lied to; something that must never happen; an exception that leaves the orchestrator.
- *Faults reveal* a defect when some such trial is known, whoever came upon it: people with a hand-written plan,
  exploration, or random injection. A defect that shows in a trial without a fault is counted apart.
- Every search ends at the first trial that shows the defect, or after {budget} trials (—). Trials without faults, which
  exploration plays first, are counted; those of the sound agent are not.
- Random injection is repeated {series} times with other seeds, and the median is given. Where neither exploration nor a
  hand-written plan shows a defect, one series at each rate looks for it.
- Of a *swarm* the smallest part is named that still shows the defect.

This page is written by `python -m benchmarks.exploring --budget {budget} --docs`.

"""

HEAD = """
| defect | scenario | exploration: trials | first plan that shows it | {rates} |
|---|---|---:|---|{dashes}
"""

UNREVEALED = """
## Defects that faults do not reveal

{bare} of {all} defects show in a trial without a fault: {bare_names}.

{hidden} more were not shown to do harm under any fault: {hidden_names}. They change what a run costs, how many steps or
how much time it takes, what it asks people, or what is on record of it; or they keep the agent from its task, and it
says so, which is no harm here. The expectations of their scenarios catch them ([patterns](patterns.md)).
"""


def page(findings: Sequence[Finding], budget: int) -> str:
    """Return the whole page."""
    shown = [one for one in findings if one.is_revealed]
    bare = [one.defect for one in findings if one.needs_no_fault]
    hidden = [one.defect for one in findings if not one.needs_no_fault and not one.is_revealed]
    parts = [
        INTRODUCTION.format(budget=budget, series=SERIES),
        "```text\n" + "\n".join(summary(findings)) + "\n```\n",
        HEAD.format(rates=" | ".join(f"random {rate:g}" for rate in RATES), dashes="---:|" * len(RATES)),
        *map(_row, shown),
        *_missed(shown, budget),
        UNREVEALED.format(
            all=len(findings),
            bare=len(bare),
            bare_names=", ".join(bare) or "none",
            hidden=len(hidden),
            hidden_names=", ".join(hidden) or "none",
        ),
    ]
    return "".join(parts)


def summary(findings: Sequence[Finding]) -> list[str]:
    """Return the figures, line by line."""
    shown = [one for one in findings if one.is_revealed]
    lines = [f"{len(shown)} of {len(findings)} defects are revealed by faults", _told("search", SEARCH_HEAD)]
    lines.append(_told("exploration", _figures([one.explored.trials if one.explored else None for one in shown])))
    for number, rate in enumerate(RATES):
        lines.append(_told(f"random {rate:g}", _figures([one.injected[number].median for one in shown])))
    swarms = sum(bool(one.explored and one.explored.drawn) for one in shown)
    return [*lines, f"{swarms} of what exploration found was shown by a swarm first"]


SEARCH_HEAD = ("found", "missed", "median", "p95")


def _told(name: str, cells: Sequence[str]) -> str:
    return f"{name:12}" + "".join(f"{cell:>8}" for cell in cells)


def _figures(trials: Sequence[int | None]) -> tuple[str, ...]:
    """Return how many are found and missed, and quantiles over all of them: — where they are beyond the budget."""
    found = [one for one in trials if one is not None]
    return str(len(found)), str(len(trials) - len(found)), _quantile(trials, 0.5), _quantile(trials, 0.95)


def _quantile(trials: Sequence[int | None], share: float) -> str:
    """Return the smallest number of trials within which that share is found."""
    inside = sorted(one for one in trials if one is not None)
    rank = math.ceil(share * len(trials))
    return str(inside[rank - 1]) if 0 < rank <= len(inside) else "—"


def line(one: Finding) -> str:
    """Return what came of one defect on one line."""
    if one.needs_no_fault:
        return f"{one.defect}: shows without a fault"
    if not one.is_revealed:
        return f"{one.defect}: not shown by any fault"
    explored = f"{one.explored.trials} ({'; '.join(one.explored.faults)})" if one.explored else "—"
    return f"{one.defect}: explored {explored}, " + ", ".join(
        f"random {each.rate:g} {_number(each.median)}" for each in one.injected
    )


def _row(one: Finding) -> str:
    scenario = f"[{one.scenario}](../scenarios/patterns/{one.scenario}.yaml)"
    trials = one.explored.trials if one.explored else None
    faults = _plan(one.explored) if one.explored else "—"
    injected = " | ".join(_number(each.median) for each in one.injected)
    return f"| {one.defect} | {scenario} | {_number(trials)} | {faults} | {injected} |\n"


def _plan(found: Found) -> str:
    told = "<br>".join(f"`{fault}`" for fault in found.faults)
    return f"swarm of {found.drawn}: {told}" if found.drawn else told


def _number(trials: int | None) -> str:
    return "—" if trials is None else str(trials)


def _missed(shown: Sequence[Finding], budget: int) -> Iterator[str]:
    """Say what exploration has not found within the budget, and what it takes."""
    missed = [one for one in shown if one.explored is None]
    if missed:
        yield f"\nWhat exploration misses within {budget} trials, it was given {budget * LONGER} for:\n\n"
    for one in missed:
        yield f"- {one.defect}: {_told_later(one)}\n"


def _told_later(one: Finding) -> str:
    if one.later:
        drawn = f"swarm of {one.later.drawn}: " if one.later.drawn else ""
        faults = " and ".join(f"`{fault}`" for fault in one.later.faults)
        return f"found after {one.later.trials} trials, {drawn}{faults}"
    by = [f"the hand-written plan `{one.written}`"] if one.written else []
    by += [f"random injection at {each.rate:g}" for each in one.injected if any(each.series)]
    return f"not found; shown by {', '.join(by)}"
