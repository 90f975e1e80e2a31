"""Print how often each detector is right: python -m benchmarks.detectors [--wrong]."""

from __future__ import annotations

import argparse

from benchmarks.detectors.accuracy import accuracies
from benchmarks.detectors.cases import DETECTORS, cases


def main() -> None:
    """Print precision and recall; with --wrong each case in which a detector erred."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wrong", action="store_true", help="name each case in which a detector erred")
    told = parser.parse_args()
    played = list(cases())
    for name, one in accuracies(played).items():
        print(f"{name:18} cases {one.cases:5}  positive {one.positive:5}  {one}")
    for one in played if told.wrong else ():
        for name in DETECTORS:
            if one.labels[name] != one.verdicts[name]:
                print(f"  {name}: {one.behaviour} on {one.task_id}: says {one.verdicts[name]}, is {one.labels[name]}")


if __name__ == "__main__":
    main()
