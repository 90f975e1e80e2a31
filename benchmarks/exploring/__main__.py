"""How many trials it takes to find each defect: by exploration, and by random injection within the same budget.

    python -m benchmarks.exploring [--budget N] [--jobs N] [--docs] [NAME ...]

``--docs`` writes docs/exploring_defects.md.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial

from benchmarks.defects import Defect, load_defects
from benchmarks.exploring.finding import Finding, find
from benchmarks.exploring.page import PAGE, line, page, summary
from harness.campaign import workers

BUDGET = 300


def main() -> int:
    """Print what was found; returns 1 when exploration never finds a defect that faults reveal."""
    options = _options()
    known = load_defects()
    if unknown := [name for name in options.names if name not in known]:
        sys.exit(f"there is no defect {unknown[0]!r}; known: {', '.join(known)}")
    if options.docs and options.names:
        sys.exit("the page is about all defects: leave out the names, or --docs")
    chosen = [known[name] for name in options.names or known]
    found: dict[str, Finding] = {}
    for one in search(chosen, options.budget, options.jobs):
        found[one.defect] = one
        print(line(one), flush=True)
    findings = [found[one.name] for one in chosen]
    print("\n".join(summary(findings)))
    if options.docs:
        PAGE.write_text(page(findings, options.budget), encoding="utf-8")
    return int(any(one.is_revealed and not (one.explored or one.later) for one in findings))


def search(defects: Sequence[Defect], budget: int, jobs: int) -> Iterator[Finding]:
    """Yield what came of each defect; those of one scenario are played together, since they share a sound agent."""
    by_scenario: defaultdict[str, list[Defect]] = defaultdict(list)
    for one in defects:
        by_scenario[one.scenario].append(one)
    with workers(jobs) as spread:
        for _, findings in spread(partial(find, budget=budget), list(by_scenario.values())):
            yield from findings


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.exploring", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--budget", type=_at_least_one, default=BUDGET)
    parser.add_argument("--jobs", type=_at_least_one, default=os.cpu_count() or 1)
    parser.add_argument("--docs", action="store_true")
    return parser.parse_args()


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        msg = f"{number} is less than 1"
        raise argparse.ArgumentTypeError(msg)
    return number


if __name__ == "__main__":
    sys.exit(main())
