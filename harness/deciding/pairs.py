"""Trials of two sides that differ in nothing but the agent: same scenario, task, fault plan, seed and number."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from harness.analysis import Results, Trial, load_results
from harness.errors import UsageError


class PairKey(NamedTuple):
    """What the trials of a pair have in common."""

    scenario: str
    task_id: str
    fault_plan_id: str
    seed: int
    trial: int

    @classmethod
    def of(cls, trial: Trial) -> PairKey:
        """Return the key of one trial."""
        return cls(trial.scenario, trial.task_id, trial.fault_plan_id, trial.seed, trial.trial)


class Side(NamedTuple):
    """One agent's results: in one folder, and in those to which further trials of it were written."""

    parts: tuple[Results, ...]
    agent: str

    @property
    def results(self) -> Results:
        """The folder that was named."""
        return self.parts[0]

    @property
    def trials(self) -> Mapping[PairKey, Trial]:
        """The agent's trials by what they have in common with those of the other side."""
        return {PairKey.of(one): one for part in self.parts for one in part.trials if one.agent == self.agent}

    def part_of(self, trial_id: str) -> Results:
        """Return the results that hold a trial."""
        return next(part for part in self.parts if trial_id in part.by_id)

    def with_part(self, results: Results) -> Side:
        """Return the side with further trials."""
        return Side((*self.parts, results), self.agent)

    def __str__(self) -> str:
        return f"{self.results.folder}:{self.agent}"


class Pair(msgspec.Struct, frozen=True):
    """Two trials under equal conditions; ``cluster`` is the family of their task, with its domain."""

    key: PairKey
    cluster: str
    baseline: Trial
    candidate: Trial


class Pairing(msgspec.Struct, frozen=True):
    """All pairs in the order of the candidate's trials, and the trials that have no counterpart."""

    pairs: tuple[Pair, ...]
    only_baseline: tuple[Trial, ...]
    only_candidate: tuple[Trial, ...]


def side(text: str) -> Side:
    """Read ``FOLDER`` or ``FOLDER:AGENT``.

    Raises UsageError when a folder of several agents is given without one, or one that it does not hold.
    """
    folder, agent = split(text)
    results = load_results(folder)
    return Side((results,), _agent_of(results, agent))


def split(text: str) -> tuple[Path, str | None]:
    """Return the folder and the agent; either can hold colons, and the longest folder that there is comes first."""
    parts = text.split(":")
    for end in range(len(parts), 0, -1):
        folder = Path(":".join(parts[:end]))
        if folder.is_dir():
            return folder, ":".join(parts[end:]) or None
    return Path(parts[0]), ":".join(parts[1:]) or None


def _agent_of(results: Results, agent: str | None) -> str:
    known = list(dict.fromkeys(trial.agent for trial in results.trials))
    if not known:
        msg = f"{results.folder}: holds no trial; run a scenario into it"
        raise UsageError(msg)
    if agent in known:
        return agent
    if agent is None and len(known) == 1:
        return known[0]
    problem = "holds several agents" if agent is None else f"holds no agent {agent!r}"
    msg = f"{results.folder}: {problem}; say {results.folder}:AGENT, or --agent AGENT, with one of: {', '.join(known)}"
    raise UsageError(msg)


def pair_up(baseline: Side, candidate: Side) -> Pairing:
    """Pair the trials of two sides."""
    before, after = baseline.trials, candidate.trials
    return Pairing(
        pairs=tuple(
            Pair(key, f"{trial.domain}/{trial.family}", before[key], trial)
            for key, trial in after.items()
            if key in before
        ),
        only_baseline=tuple(trial for key, trial in before.items() if key not in after),
        only_candidate=tuple(trial for key, trial in after.items() if key not in before),
    )
