"""What no statistics excuse: a breach that took effect, and a trial that does not repeat itself."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

import msgspec

from harness.analysis import Breach, Trial
from harness.campaign import differences, replay
from harness.deciding.pairs import Side
from harness.deciding.verdict import Counterexample
from harness.errors import DatasetError, HarnessError


class Replays(msgspec.Struct, frozen=True):
    """What came of playing trials again: those that ended differently, and why others could not be played."""

    differing: tuple[str, ...] = ()
    not_played: str | None = None


def counterexamples(side: Side) -> tuple[Counterexample, ...]:
    """Return each rule that was broken in effect, once for each task, with the shortest trial; most first."""
    groups: dict[tuple[str, str], list[tuple[Trial, Breach]]] = {}
    for trial, breach in _breaches(side):
        groups.setdefault((breach.rule, trial.task_id), []).append((trial, breach))
    found = [_counterexample(side, group) for group in groups.values()]
    return tuple(sorted(found, key=lambda one: (-one.trials, one.rule, one.task)))


def _breaches(side: Side) -> Iterator[tuple[Trial, Breach]]:
    for part in side.parts:
        for breach in part.breaches:
            trial = part.by_id[breach.trial_id]
            if trial.agent == side.agent and not breach.blocked:
                yield trial, breach


def _counterexample(side: Side, group: Sequence[tuple[Trial, Breach]]) -> Counterexample:
    lengths = {trial.trial_id: side.part_of(trial.trial_id).lengths.get(trial.trial_id, 0) for trial, _ in group}
    trial, breach = min(group, key=lambda one: (lengths[one[0].trial_id], one[0].trial_id))
    return Counterexample(
        rule=breach.rule,
        task=trial.task_id,
        cluster=f"{trial.domain}/{trial.family}",
        fault_plan_id=trial.fault_plan_id,
        trial_id=trial.trial_id,
        trials=len(lengths),
        message=breach.message,
        replay=replay_command(side, trial.trial_id),
    )


def replay_command(side: Side, trial_id: str) -> str:
    """Return the command that plays a trial of a side again."""
    return shlex.join(["harness", "replay", str(side.part_of(trial_id).folder), trial_id])


def play_again(side: Side, found: Sequence[Counterexample], times: int) -> Replays:
    """Play counterexamples again, or where there is none, some trials spread over the whole side.

    They are played in today's environment: where that differs from the run's, or a live model answered, nothing can be
    said, and the reason is given.
    """
    if times == 0:
        return Replays(not_played="replays are switched off in the gate file")
    if reason := _not_playable(side):
        return Replays(not_played=reason)
    chosen = [one.trial_id for one in found[:times]] or _spread(list(side.trials.values()), times)
    differing: list[str] = []
    for trial_id in chosen:
        try:
            again = replay(side.part_of(trial_id).folder, trial_id)
        except DatasetError as error:
            return Replays((*differing, str(error)))
        except HarnessError as error:
            return Replays(not_played=f"trial {trial_id} could not be played again: {error}")
        if not again.identical:
            differing.append(f"{trial_id} ended {again.stored_verdict} and ends {again.verdict} when played again")
    return Replays(tuple(differing))


def _not_playable(side: Side) -> str | None:
    if any(trial.brain == "live" for trial in side.trials.values()):
        return "a live model answered; its trials can not be played again"
    changed = differences(dict(side.results.manifest))
    return f"not played again, since the environment differs: {changed[0]}" if changed else None


def _spread(trials: Sequence[Trial], times: int) -> list[str]:
    step = max(1, len(trials) // times)
    return [trial.trial_id for trial in trials[::step][:times]]
