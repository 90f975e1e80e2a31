"""Which scenario catches which defect, after how many trials, and with which faults at least.

    python -m benchmarks.defects [--all] [--jobs N] [NAME ...]
    python -m benchmarks.defects --docs

``--all`` plays every defect in every pattern scenario: only so are those told apart that different scenarios catch.
``--docs`` writes docs/patterns.md.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from itertools import combinations

from benchmarks.defects import Defect, load_defects
from benchmarks.defects.catching import Failure, Failures, holds, pattern_stems, play, told_apart
from benchmarks.defects.page import PAGE, page


def main() -> int:
    """Print the table; returns 1 when a defect is not caught, or a scenario does not hold without one."""
    options = _options()
    if options.docs:
        PAGE.write_text(page(load_defects()), encoding="utf-8")
        return 0
    known = load_defects()
    if unknown := [name for name in options.names if name not in known]:
        sys.exit(f"there is no defect {unknown[0]!r}; known: {', '.join(known)}")
    chosen = [known[name] for name in options.names or known]
    found: dict[str, Failures] = {}
    for defect, failures in play(chosen, pattern_stems() if options.all else (), options.jobs):
        found[defect.name] = failures
        _tell(defect, failures[defect.scenario])
    broken = [stem for stem in sorted({one.scenario for one in chosen}) if not holds(stem)]
    for stem in broken:
        print(f"{stem} does not hold with its own sound agent")
    return _sum_up(chosen, found) or int(bool(broken))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.defects", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--docs", action="store_true")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


def _tell(defect: Defect, failure: Failure | None) -> None:
    if failure is None:
        print(f"{defect.name} -> NOT caught by {defect.scenario}")
        return
    trials = "1 trial" if failure.trials == 1 else f"{failure.trials} trials"
    print(f"{defect.name} -> {defect.scenario}, {trials}, {failure.fault_plan}")
    print(f"    {failure.facts}")


def _sum_up(chosen: Sequence[Defect], found: Mapping[str, Failures]) -> int:
    alike = [pair for pair in combinations(found, 2) if not told_apart(found[pair[0]], found[pair[1]])]
    for one, other in alike:
        print(f"not told apart: {one} and {other}")
    caught = sum(found[one.name][one.scenario] is not None for one in chosen)
    print(f"{caught} of {len(chosen)} defects caught; {len(chosen) - len({one for _, one in alike})} of them distinct")
    return int(caught < len(chosen))


if __name__ == "__main__":
    sys.exit(main())
