"""What a failing trial is compared with: its pair of the baseline, or its twin without faults."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from harness.analysis import Results, Trial
from harness.boundary import FaultPlan
from harness.campaign import TrialSpec, stored_spec
from harness.deciding import Pairing, Side
from harness.history import Event
from harness.triage.divergence import Parted, part
from harness.triage.replays import Replays

CLEAN = "clean"
# What an agent is given besides replies. The plan and the world it only meets through these.
_GIVEN = ("task", "tools")


class Comparison:
    """One trial beside the one that it is compared with; what is costly is worked out when it is asked for."""

    def __init__(
        self, trial: Trial, spec: TrialSpec, events: Sequence[Event], baseline: TrialSpec, told: Sequence[Event]
    ) -> None:
        """``told`` are the events of the baseline, ``events`` those of the trial."""
        self.trial = trial
        self.spec = spec
        self.baseline = baseline
        self._events = events
        self._told = told
        self.changed_inputs: tuple[str, ...] = ()

    @cached_property
    def parted(self) -> Parted:
        """Both side by side."""
        orchestrated = self.trial.planner is not None
        return part(self._told, self._events, changed_inputs=self.changed_inputs, orchestrated=orchestrated)


def spec_of(trial: Trial) -> TrialSpec:
    """Return the spec of a stored trial; raises DatasetError when it can not be read."""
    return stored_spec({"trial_id": trial.trial_id, "spec": trial.spec})


def compared_pairs(baseline: Side, candidate: Side, pairing: Pairing) -> dict[str, Comparison]:
    """Return a comparison for each pair whose histories differ, by the candidate's trial id."""
    pairs = [pair for pair in pairing.pairs if pair.baseline.history_digest != pair.candidate.history_digest]
    before = baseline.results.events(pair.baseline.trial_id for pair in pairs)
    after = candidate.results.events(pair.candidate.trial_id for pair in pairs)
    found = {}
    for pair in pairs:
        one, other = pair.baseline, pair.candidate
        specs = spec_of(other), spec_of(one)
        comparison = Comparison(other, specs[0], after[other.trial_id], specs[1], before[one.trial_id])
        comparison.changed_inputs = tuple(name for name in _GIVEN if one.inputs.get(name) != other.inputs.get(name))
        found[other.trial_id] = comparison
    return found


def compared_twins(results: Results, failing: Sequence[Trial], replays: Replays | None) -> dict[str, Comparison]:
    """Return a comparison with the twin without faults for each failing trial that has one, or can be given one."""
    clean = [trial for trial in results.trials if trial.clean]
    events = results.events(trial.trial_id for trial in (*clean, *failing))
    stored = {_twin_key(trial): trial for trial in clean}
    found = {}
    for trial in failing:
        spec = spec_of(trial)
        if not spec.plan.faults:
            continue
        twin = stored.get(_twin_key(trial))
        bare = spec_of(twin) if twin else spec.under(FaultPlan(id=CLEAN))
        told = events[twin.trial_id] if twin else replays(bare).events if replays else None
        if told is not None:
            found[trial.trial_id] = Comparison(trial, spec, events[trial.trial_id], bare, told)
    return found


def _twin_key(trial: Trial) -> tuple[str, str, str, int, int]:
    return trial.scenario, trial.agent, trial.task_id, trial.seed, trial.trial
