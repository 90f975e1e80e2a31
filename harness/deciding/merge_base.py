"""The agent of the merge base, to be played on today's suite: git's part of ``harness ci``."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from harness.agents import BUILT_IN
from harness.content import find_packs
from harness.deciding.pairs import Side
from harness.errors import UsageError
from harness.store import MANIFEST

SUITE = ("golden", "scenarios", "fault_injectors")
RUN_WAS_NOT_AS_EXPECTED = (0, 1, 3)  # exit codes of a run that has results


class Checkout(NamedTuple):
    """A working tree of one commit, the folder in it that corresponds to the present one, the commit, and the top.

    ``top`` is that of the present tree.
    """

    root: Path
    here: Path
    commit: str
    top: Path


def git(*words: str, folder: Path | None = None) -> str:
    """Return what git says; raises UsageError with git's own words when it refuses."""
    try:
        done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=False)
    except OSError as error:
        msg = f"git can not be started: {error}; harness ci needs git and a checkout with its history"
        raise UsageError(msg) from error
    if done.returncode:
        said = done.stderr.strip() or "failed"
        msg = f"git {' '.join(words)}: {said}; harness ci needs a checkout with its whole history (fetch-depth: 0)"
        raise UsageError(msg)
    return done.stdout.rstrip("\n")


@contextmanager
def merge_base(ref: str) -> Iterator[Checkout]:
    """Check out the merge base of HEAD and ``ref`` beside the present tree, with the present suite laid over it."""
    top = Path(git("rev-parse", "--show-toplevel")).resolve()
    commit = git("merge-base", "--end-of-options", "HEAD", ref)
    root = (
        Path(git("rev-parse", "--path-format=absolute", "--git-path", "harness")) / f"base-{commit[:12]}-{os.getpid()}"
    )
    git("worktree", "add", "--quiet", "--detach", str(root), commit)
    here = root / Path.cwd().resolve().relative_to(top)
    try:
        here.mkdir(parents=True, exist_ok=True)
        for folder in suite_folders(top):
            _lay_over(top / folder, root / folder)
        yield Checkout(root, here, commit, top)
    finally:
        git("worktree", "remove", "--force", str(root), folder=top)


def suite_folders(top: Path) -> list[str]:
    """Return the folders of the suite, from the top of the repository: those of every pack that lies in it."""
    roots = {Path.cwd().resolve(), *(pack.root.resolve() for pack in find_packs().values())}
    inside = sorted(root.relative_to(top) for root in roots if root.is_relative_to(top))
    return [str(root / name) for root in inside for name in SUITE]


def _lay_over(source: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    if source.is_dir():
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, target, ignore=ignored, ignore_dangling_symlinks=True)


def inside(checkout: Checkout, path: Path) -> str | None:
    """Return a path of the present tree as it is called from the top of the repository, None for one outside of it."""
    whole = Path(os.path.normpath(Path.cwd().resolve() / path))
    return str(whole.relative_to(checkout.top)) if whole.is_relative_to(checkout.top) else None


def expectation_changes(checkout: Checkout, paths: Sequence[str]) -> list[str]:
    """Say which files of the suite, and which others of ``paths``, differ from the base; untracked ones are new.

    ``paths`` start from the top of the repository.
    """
    wanted = [f":(top,literal){path}" for path in dict.fromkeys([*suite_folders(checkout.top), *paths])]
    words = {"A": "is new", "D": "is gone"}
    named = ("-c", "core.quotePath=false")
    differing = git(*named, "diff", "--name-status", "--no-renames", checkout.commit, "--", *wanted).splitlines()
    changed = [line.split("\t", 1) for line in differing]
    new = git(*named, "ls-files", "--others", "--exclude-standard", "--full-name", "--", *wanted).splitlines()
    found = [f"{name} {words.get(status[0], 'has changed')}" for status, name in changed]
    return sorted([*found, *(f"{name} is new" for name in new)])


def text_at(checkout: Checkout, path: str) -> str | None:
    """Return a file as the base has it, or None where it has none; ``path`` starts from the top of the repository."""
    words = ["git", "show", f"{checkout.commit}:{path}"]
    done = subprocess.run(words, cwd=checkout.top, capture_output=True, text=True, check=False)
    return None if done.returncode else done.stdout


def check_is_of_the_base(checkout: Checkout, side: Side) -> None:
    """Raise UsageError when an agent of the baseline's side was not imported from the base, but installed."""
    agents = [json.loads(trial.spec)["agent"] for trial in side.trials.values()]
    named = {name.partition(":")[0] for one in agents for name in (one.get("agent"), one.get("parts")) if name}
    for module in sorted(one for one in named - set(BUILT_IN) if one.partition(".")[0] != "harness"):
        origin = _origin(checkout, module)
        if not Path(origin).resolve().is_relative_to(checkout.root.resolve()):
            msg = (
                f"{module}: on the baseline's side it is imported from {origin}, not from the merge base: both sides "
                f"would be the same agent; say where it lies in the repository, as PYTHONPATH=src harness ci ..."
            )
            raise UsageError(msg)


def _origin(checkout: Checkout, module: str) -> str:
    code = "import importlib.util, sys; print('\\n' + str(importlib.util.find_spec(sys.argv[1]).origin))"
    return _run(["-c", code, module], checkout.here, checkout.root).stdout.splitlines()[-1]


def play(words: Sequence[str], folder: Path, here: Path, root: Path) -> None:
    """Run ``harness run`` with the code of another tree; raises UsageError with its words when there are no results."""
    done = _run(["-m", "harness", "run", *words, "--out", str(folder)], here, root)
    if done.returncode not in RUN_WAS_NOT_AS_EXPECTED or not (folder / MANIFEST).is_file():
        msg = f"in {here}: harness run {' '.join(words)} ended with {done.returncode}: {done.stderr.strip()[-2000:]}"
        raise UsageError(msg)


def _run(words: Sequence[str], here: Path, root: Path) -> subprocess.CompletedProcess[str]:
    known = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([str(here), str(root), *([known] if known else [])])
    env = {**os.environ, "PYTHONPATH": path}
    return subprocess.run([sys.executable, *words], cwd=here, env=env, capture_output=True, text=True, check=False)
