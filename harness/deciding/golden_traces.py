"""Approved paths: what a deterministic agent did when somebody looked, and has to do again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Literal

import msgspec

from harness.analysis import Trial
from harness.deciding.invariants import replay_command
from harness.deciding.pairs import PairKey, Side
from harness.deciding.verdict import GoldenChange
from harness.errors import DatasetError
from harness.history import Event
from harness.store import write_whole

Mode = Literal["exact", "in_order", "any_order"]
SCHEMA = 1
LONGEST = 300  # characters of a difference


class Approved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The approved path of one trial: its tool calls, attempts among them, in order."""

    scenario: str
    task: str
    plan: str
    seed: int
    trial: int
    cluster: str
    path: tuple[str, ...]

    @property
    def key(self) -> PairKey:
        """The trial."""
        return PairKey(self.scenario, self.task, self.plan, self.seed, self.trial)


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema: Literal[1]
    traces: tuple[Approved, ...]


def paths_of(side: Side) -> dict[PairKey, tuple[str, ...]]:
    """Return the path of every trial of a side."""
    found: dict[PairKey, tuple[str, ...]] = {}
    for part in side.parts:
        chosen = [trial for trial in part.trials if trial.agent == side.agent]
        events = part.events([trial.trial_id for trial in chosen], {"tool_call_started"})
        found |= {PairKey.of(trial): tuple(map(_call, events.get(trial.trial_id, ()))) for trial in chosen}
    return found


def _call(event: Event) -> str:
    arguments = json.dumps(event.payload.get("arguments", {}), sort_keys=True, ensure_ascii=False)
    return f"{event.name} {arguments}"


def write_approved(side: Side, path: Path) -> int:
    """Approve every path of a side: write them to ``path``, one line each; return how many."""
    trials = {PairKey.of(trial): trial for part in side.parts for trial in part.trials}
    approved = [_approved(trials[key], key, steps) for key, steps in sorted(paths_of(side).items())]
    lines = ",\n".join(json.dumps(msgspec.to_builtins(one), sort_keys=True, ensure_ascii=False) for one in approved)
    write_whole(path, f'{{\n"schema": {SCHEMA},\n"traces": [\n{lines}\n]\n}}\n'.encode())
    return len(approved)


def _approved(trial: Trial, key: PairKey, path: tuple[str, ...]) -> Approved:
    return Approved(*key, cluster=f"{trial.domain}/{trial.family}", path=path)


def read_approved(path: Path) -> dict[PairKey, Approved]:
    """Read approved paths; raises DatasetError when there are none or the file is no such file."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_File)
    except (OSError, ValueError) as error:
        msg = f"{path}: no approved paths can be read: {error}; approve them: harness gate ... --update-golden"
        raise DatasetError(msg) from error
    return {one.key: one for one in found.traces}


def golden_changes(
    approved: Mapping[PairKey, Approved], side: Side, mode: Mode, only: frozenset[str] | None = None
) -> Iterator[GoldenChange]:
    """Yield every trial whose path is not the approved one, every approved path without a trial, and new trials.

    ``only`` holds the tasks that count; None is all of them.
    """
    trials, paths = side.trials, paths_of(side)
    for key, one in approved.items():
        if only is not None and key.task_id not in only:
            continue
        if key not in paths:
            yield GoldenChange(
                "unused", key.task_id, one.cluster, key.fault_plan_id, key.trial, "was not played any more", None
            )
        elif not agrees(one.path, paths[key], mode):
            command = replay_command(side, trials[key].trial_id)
            words = difference(one.path, paths[key])
            yield GoldenChange("changed", key.task_id, one.cluster, key.fault_plan_id, key.trial, words, command)
    for key in paths.keys() - approved.keys():
        cluster = f"{trials[key].domain}/{trials[key].family}"
        yield GoldenChange("new", key.task_id, cluster, key.fault_plan_id, key.trial, "has no approved path yet", None)


def agrees(approved: Sequence[str], path: Sequence[str], mode: Mode) -> bool:
    """Return whether a path is the approved one: call for call, with others between, or in whatever order."""
    if mode == "exact":
        return list(approved) == list(path)
    if mode == "in_order":
        rest = iter(path)
        return all(step in rest for step in approved)
    return not Counter(approved) - Counter(path)


def difference(approved: Sequence[str], path: Sequence[str]) -> str:
    """Say in words where a path first leaves the approved one; the two must differ."""
    changes = SequenceMatcher(a=approved, b=path, autojunk=False).get_opcodes()
    _, start, end, other_start, other_end = next(change for change in changes if change[0] != "equal")
    before = ", ".join(approved[start:end]) or "nothing"
    after = ", ".join(path[other_start:other_end]) or "nothing"
    return f"call {start + 1}: approved {before[:LONGEST]}; now {after[:LONGEST]}"
