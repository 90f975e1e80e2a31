"""The folder of an exploration: what was played so far, what was found, and the failing trials as results."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from harness.campaign import TrialSpec, differences, make_manifest, run_campaign
from harness.cli.folders import claimed
from harness.errors import DatasetError
from harness.exploration import Exploration, Findings, failing
from harness.store import MANIFEST, SCHEMAS, write_manifest, write_whole

PLAYED = "played.jsonl"
CONDITIONS = "conditions.json"
FOUND = "exploration.json"
FAILING_KEPT = 500


@contextmanager
def claimed_exploration(folder: Path, bases: Sequence[TrialSpec], command: str, seed: int) -> Iterator[Path]:
    """Claim a new folder, or one in which an exploration was stopped; yield the file that remembers the trials.

    Raises DatasetError when the folder holds something else, or was begun under other conditions.
    """
    conditions = make_manifest(bases, command=command, seed=seed)
    if (folder / CONDITIONS).is_file():
        _check(folder, conditions)
        yield folder / PLAYED
        return
    with claimed(folder):
        write_whole(folder / CONDITIONS, msgspec.json.format(msgspec.json.encode(conditions), indent=2))
        yield folder / PLAYED


def _check(folder: Path, conditions: dict[str, Any]) -> None:
    try:
        before = msgspec.json.decode((folder / CONDITIONS).read_bytes(), type=dict[str, Any])
    except msgspec.MsgspecError as error:
        msg = f"{folder / CONDITIONS}: can not be read ({error}); remove the folder, or give another --out"
        raise DatasetError(msg) from error
    changed = differences(before)
    if before.get("agent_sources") != conditions["agent_sources"]:
        changed.append("the source of an agent has changed, or there is another agent")
    if before.get("scorers") != conditions["scorers"]:
        changed.append("what scores a trial has changed")
    if before.get("domains", {}).keys() != conditions["domains"].keys():
        changed.append("it is about another domain")
    if changed:
        msg = f"{folder}: was begun under other conditions ({'; '.join(changed)}); give another --out"
        raise DatasetError(msg)


def keep_failing(folder: Path, exploration: Exploration, found: Findings, command: str, seed: int) -> None:
    """Write what was found, and the failing trials as results that can be shown, replayed and shrunk.

    Of many, the first plan of each way to fail is kept before all others.
    """
    for name in (*SCHEMAS, "inputs"):
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    firsts = {failure.plans[0].trial_id: rank for rank, failure in enumerate(found.failures)}
    specs = [one.spec for one in failing(exploration.tried)]
    specs = sorted(specs, key=lambda spec: firsts.get(spec.trial_id, len(firsts)))[:FAILING_KEPT]
    run_campaign(specs, folder)
    write_whole(folder / FOUND, msgspec.json.format(msgspec.json.encode(found), indent=2))
    if specs:
        write_manifest(folder, make_manifest(specs, command=command, seed=seed))
