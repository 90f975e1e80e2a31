"""A brain that repeats recorded answers, whoever gave them: a list, a file, or the model calls of a stored trial."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Self, get_args

import msgspec
import pyarrow.compute as pc
from pydantic import model_validator

from harness.boundary import Frozen
from harness.errors import AgentError
from harness.planners.decisions import Brain, Context, Contract, Role
from harness.store import read_manifest, read_table

Recording = Mapping[Role, tuple[Any, ...]]


class RecordingEnded(LookupError):
    """There is one question more than there are recorded answers."""


class ReplayOptions(Frozen):
    """Where the answers come from: a list, a ``file`` of JSON lines, or a trial of the results folder ``run``.

    A list and a file hold the answers of the planner, in their order; a mapping holds those of each role.
    """

    answers: tuple[Any, ...] | dict[Role, tuple[Any, ...]] | None = None
    file: Path | None = None
    run: Path | None = None
    trial_id: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if sum(source is not None for source in (self.answers, self.file, self.run)) != 1:
            msg = "give one of answers, file, and run with trial_id"
            raise ValueError(msg)
        if (self.run is None) != (self.trial_id is None):
            msg = "run and trial_id go together"
            raise ValueError(msg)
        return self


def read_recording(options: ReplayOptions, run_id: str) -> Recording:
    """Return the recorded answers by role, of a trial those of one run; raises AgentError where there are none."""
    if isinstance(options.answers, tuple):
        return {"planner": options.answers}
    if options.answers is not None:
        return options.answers
    if options.file is not None:
        return {"planner": _lines_of(options.file)}
    assert options.run is not None
    assert options.trial_id is not None
    return _model_answers(options.run.resolve(), options.trial_id).get(run_id, {})


def _lines_of(path: Path) -> tuple[Any, ...]:
    try:
        return tuple(msgspec.json.decode(line) for line in path.read_bytes().splitlines() if line.strip())
    except (OSError, msgspec.DecodeError) as error:
        msg = f"{path}: holds no recorded answers: {error}; write one JSON object a line"
        raise AgentError(msg) from error


@lru_cache(maxsize=8)
def _model_answers(folder: Path, trial_id: str) -> Mapping[str, Recording]:
    """Read the answered model calls of a trial, by run; raises DatasetError when the folder holds no results."""
    read_manifest(folder)
    events = read_table(folder, "events")
    wanted = pc.and_(pc.equal(events["trial_id"], trial_id), pc.equal(events["port"], "model"))
    roles: dict[int, Role] = {}
    runs: defaultdict[str, defaultdict[Role, tuple[Any, ...]]] = defaultdict(lambda: defaultdict(tuple))
    for event in events.filter(wanted).select(["seq", "kind", "run_id", "payload"]).to_pylist():
        payload = msgspec.json.decode(event["payload"])
        if event["kind"] == "model_call_started":
            roles[event["seq"]] = _role_of(payload)
        elif event["kind"] == "model_call_completed" and "value" in payload:  # of a broken stream there is none
            runs[event["run_id"]][roles[payload["call"]]] += (payload["value"],)
    if not runs:
        msg = f"{folder}: no model call of trial {trial_id!r} was answered there; look for the id in its trials table"
        raise AgentError(msg)
    return runs


def _role_of(started: Mapping[str, Any]) -> Role:
    role = started.get("arguments", {}).get("role")
    return role if role in get_args(Role) else "planner"


class Replayed:
    """Gives the k-th recorded answer of a role to the k-th question that the role is asked.

    A question that is asked again, because its answer was lost or the run was killed, gets the same answer again. A
    role of which nothing was recorded is answered by ``otherwise``; a planner is never improvised.
    """

    def __init__(self, recording: Recording, otherwise: Brain) -> None:
        self._recording: Recording = {"planner": (), **recording}
        self._otherwise = otherwise
        self._asked: defaultdict[Role, dict[Any, int]] = defaultdict(dict)

    def __call__(self, context: Context) -> Contract:
        """Return the recorded answer; raises RecordingEnded when there is none left."""
        role = context.role
        if role not in self._recording:
            return self._otherwise(context)
        question = (context.step, len(context.observations), context.draft, context.notes)
        number = self._asked[role].setdefault(question, len(self._asked[role]))
        answers = self._recording[role]
        if number >= len(answers):
            msg = f"the recording ends here: it holds {len(answers)} answers of the {role} role"
            raise RecordingEnded(msg)
        return answers[number]  # type: ignore[no-any-return]  # plain data, which the contract's reader checks
