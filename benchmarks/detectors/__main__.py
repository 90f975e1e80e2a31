"""How often each detector is right.

    python -m benchmarks.detectors [--wrong] [--docs]

Prints precision and recall. ``--wrong`` names each case in which a detector erred, ``--docs`` writes docs/detectors.md.
"""

from __future__ import annotations

import argparse

from benchmarks.detectors.accuracy import accuracies
from benchmarks.detectors.cases import DETECTORS, cases
from benchmarks.detectors.page import PAGE, page


def main() -> None:
    """Print precision and recall; with --wrong each case in which a detector erred."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--docs", action="store_true", help="write docs/detectors.md")
    parser.add_argument("--wrong", action="store_true", help="name each case in which a detector erred")
    told = parser.parse_args()
    played = list(cases())
    for name, accuracy in accuracies(played).items():
        print(f"{name:18} {accuracy.cases:5} cases, {accuracy.positive:4} positive: {accuracy}")
    if told.docs:
        PAGE.write_text(page(played), encoding="utf-8")
    for one in played if told.wrong else ():
        for name in DETECTORS:
            if one.labels[name] != one.verdicts[name]:
                print(f"  {name}: {one.behaviour} on {one.task_id}: says {one.verdicts[name]}, is {one.labels[name]}")


if __name__ == "__main__":
    main()
