"""In how many seeded regressions triage names the first different step and the axis.

    python -m benchmarks.regressions [--seed N] [--regressions N] [--development] [--jobs N] [--docs]

Changes of one line to ``harness/planners`` are drawn until so many make a trial fail that had passed. Half of all
changes, by a hash, were kept back while triage was developed; ``--development`` draws from the other half. ``--docs``
writes the table of docs/triage.md.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.regressions.controls import judge_controls
from benchmarks.regressions.judging import Judged, baselines, judge_all
from benchmarks.regressions.mutants import all_mutants
from benchmarks.regressions.page import PAGE, with_table

SEED = 2
WANTED = 20


def main() -> None:
    """Draw the regressions, judge them, and tell."""
    options = _options()
    with tempfile.TemporaryDirectory() as name:
        folders = baselines(Path(name))
        regressions = list(_regressions(options, folders))
        controls = list(judge_controls(folders, Path(name)))
    right = sum(one.is_right for one in regressions)
    print(f"step and axis are right in {right} of {len(regressions)} regressions")
    print(f"the axis is right in {sum(one.is_right for one in controls)} of {len(controls)} changes on other axes")
    for one in (*regressions, *controls):
        if not one.is_right:
            print("\n".join(_wrong(one)))
    if options.docs:
        PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8"), regressions, controls), encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.regressions", description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--regressions", type=int, default=WANTED)
    parser.add_argument("--development", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--docs", action="store_true")
    return parser.parse_args()


def _regressions(options: argparse.Namespace, folders: dict[str, Path]) -> Iterator[Judged]:
    """Judge changes as they are drawn, until enough of them are regressions."""
    mutants = [one for one in all_mutants() if one.held_out != options.development]
    random.Random(options.seed).shuffle(mutants)  # noqa: S311  # a sample, no secret
    wanted, drawn = options.regressions, 0
    for judged in judge_all(mutants, folders, options.jobs):
        drawn += 1
        if judged.is_regression and wanted:
            wanted -= 1
            print(f"{judged.name}: {'right' if judged.is_right else 'wrong'}", flush=True)
            yield judged
        if not wanted:
            break
    print(f"{drawn} changes were drawn")


def _wrong(one: Judged) -> Iterator[str]:
    yield f"wrong: {one.name}: {' -> '.join(one.diff.splitlines())}"
    yield f"  said: step {one.step}, {one.axis}; is: step {one.true_step}, {one.true_axis}; {one.words}"


if __name__ == "__main__":
    main()
