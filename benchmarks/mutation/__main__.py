"""How many small wrong changes to the orchestrator the pattern scenarios notice.

    python -m benchmarks.mutation [--seed N] [--sample N] [--module NAME] [--mutant NAME] [--jobs N] [--docs]

``--sample 0`` takes all mutants. ``--mutant gateway:57`` judges that one, for as long as its module stays as it is.
``--docs`` writes docs/mutation.md.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import chdir, contextmanager
from pathlib import Path

from benchmarks.mutation.judging import Court, survey
from benchmarks.mutation.mutant import Judgement, Mutant
from benchmarks.mutation.mutants import Site, module_paths, sites_of
from benchmarks.mutation.page import PAGE, page
from benchmarks.mutation.report import Finding, lines_of, location, summary

ROOT = Path(__file__).parents[2]
PLAYED = ("harness", "benchmarks", "scenarios", "golden", "fault_injectors", "reports")
TELL_EVERY = 50


def main() -> None:
    """Draw the mutants, judge them, and tell."""
    options = _options()
    with _copy() as copy:
        findings = _played(options, copy)
    print("\n".join(lines_of(findings)))
    if options.docs:
        command = f"python -m benchmarks.mutation --seed {options.seed} --sample {options.sample} --docs"
        PAGE.write_text(page(findings, command), encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutation", description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sample", type=int, default=500)
    parser.add_argument("--module")
    parser.add_argument("--mutant")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--docs", action="store_true")
    return parser.parse_args()


@contextmanager
def _copy() -> Iterator[Path]:
    """Copy what is played, for the processes that start meanwhile: whoever edits a file by then changes nothing."""
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name).resolve()
        for folder in PLAYED:
            shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
        sys.path.insert(0, str(copy))
        with chdir(copy):
            yield copy


def _played(options: argparse.Namespace, copy: Path) -> list[Finding]:
    sites = _drawn(options, copy)
    before = survey()
    for one in before:
        if one.played.unmet:
            print(f"left out, as it does not hold without a mutant: {one.group}: {one.played.unmet[0]}")
    print(f"{len(sites)} changes can be made; {len(before)} groups of trials are played")
    findings: list[Finding] = []
    for finding in _judged(sites, options.sample or len(sites), Court(before, options.jobs)):
        findings.append(finding)
        if len(findings) % TELL_EVERY == 0:
            print(next(summary(findings)), flush=True)
    assert survey() == before, "the scenarios do not play as they did before: what they caught is worth nothing"
    return findings


def _drawn(options: argparse.Namespace, copy: Path) -> list[Site]:
    """Return the sites that are asked for, in the order in which they are drawn."""
    module = options.mutant.partition(":")[0] if options.mutant else options.module
    known = module_paths(copy)
    paths = [path for path in known if module in (None, path.stem)]
    if not paths:
        sys.exit(f"there is no module {module!r}; known: {', '.join(path.stem for path in known)}")
    sites = [site for path in paths for site in sites_of(path) if options.mutant in (None, site.name)]
    random.Random(options.seed).shuffle(sites)  # noqa: S311  # a sample, no secret
    return sites


def _judged(sites: Sequence[Site], wanted: int, court: Court) -> Iterator[Finding]:
    """Judge as many as wanted; another one is drawn for each that can not be imported."""
    missing, begin = wanted, 0
    while missing and begin < len(sites):
        batch = sites[begin : begin + missing]
        begin += missing
        for mutant, judgement in court.judge_all(site.mutant for site in batch):
            if judgement.fate != "stillborn":
                missing -= 1
                yield _finding(mutant, judgement, court)


def _finding(mutant: Mutant, judgement: Judgement, court: Court) -> Finding:
    alive = judgement.fate == "survived"
    return Finding(
        mutant.name,
        location(mutant),
        mutant.line,
        mutant.diff,
        judgement.fate,
        judgement.by,
        judgement.how,
        reached=not alive or court.is_reached(mutant),
        visible=not alive or court.is_visible(judgement),
    )


if __name__ == "__main__":
    main()
