"""The agent of the merge base, to be played on today's suite: git's part of ``harness ci``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from harness.errors import UsageError

SUITE = ("golden", "scenarios", "fault_injectors")
RUN_WAS_NOT_AS_EXPECTED = (0, 1, 3)  # exit codes of a run that has results


class Checkout(NamedTuple):
    """A working tree of one commit, the folder in it that corresponds to the present one, and the commit."""

    root: Path
    here: Path
    commit: str


def git(*words: str, folder: Path | None = None) -> str:
    """Return what git says; raises UsageError with git's own words when it refuses."""
    try:
        done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=False)
    except OSError as error:
        msg = f"git can not be started: {error}; harness ci needs git and a checkout with its history"
        raise UsageError(msg) from error
    if done.returncode:
        msg = f"git {' '.join(words)}: {done.stderr.strip() or 'failed'}; fetch the whole history (fetch-depth: 0)"
        raise UsageError(msg)
    return done.stdout.rstrip("\n")


@contextmanager
def merge_base(ref: str) -> Iterator[Checkout]:
    """Check out the merge base of HEAD and ``ref`` beside the present tree, with the present suite laid over it."""
    top = Path(git("rev-parse", "--show-toplevel"))
    commit = git("merge-base", "HEAD", ref)
    root = (
        Path(git("rev-parse", "--path-format=absolute", "--git-path", "harness")) / f"base-{commit[:12]}-{os.getpid()}"
    )
    git("worktree", "add", "--quiet", "--detach", str(root), commit)
    here = root / Path.cwd().resolve().relative_to(top.resolve())
    try:
        here.mkdir(parents=True, exist_ok=True)
        for name in SUITE:
            _lay_over(Path(name), here / name)
        yield Checkout(root, here, commit)
    finally:
        git("worktree", "remove", "--force", str(root), folder=top)


def _lay_over(source: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))


def expectation_changes(commit: str, paths: Sequence[str]) -> list[str]:
    """Say which files of the suite, and which others of ``paths``, differ from a commit; untracked ones are new."""
    wanted = [*SUITE, *paths]
    words = {"A": "is new", "D": "is gone"}
    changed = [line.split("\t") for line in git("diff", "--name-status", commit, "--", *wanted).splitlines()]
    found = [f"{names[-1]} {words.get(status[0], 'has changed')}" for status, *names in changed]
    new = git("ls-files", "--others", "--exclude-standard", "--", *wanted).splitlines()
    return sorted([*found, *(f"{name} is new" for name in new)])


def text_at(commit: str, path: str) -> str | None:
    """Return a file as a commit has it, or None where it has none; ``path`` starts from the present folder."""
    prefix = git("rev-parse", "--show-prefix")
    done = subprocess.run(["git", "show", f"{commit}:{prefix}{path}"], capture_output=True, text=True, check=False)
    return None if done.returncode else done.stdout


def play(words: Sequence[str], here: Path, root: Path) -> None:
    """Run ``harness run`` with the code of another tree; raises UsageError with its words when there are no results."""
    known = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([str(here), str(root), *([known] if known else [])])
    done = subprocess.run(
        [sys.executable, "-m", "harness", "run", *words],
        cwd=here,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in RUN_WAS_NOT_AS_EXPECTED:
        msg = f"in {here}: harness run {' '.join(words)} ended with {done.returncode}: {done.stderr.strip()[-2000:]}"
        raise UsageError(msg)
