"""What is explored: the tasks and the agent of a defect's scenario, with the defect and without it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from benchmarks.defects import Defect
from benchmarks.defects.catching import FOLDER, pattern_scenario, with_defect
from harness.boundary import FaultPlan
from harness.campaign import TrialSpec, expand
from harness.content import AgentSpec
from harness.exploration import BLAMED, FAILING, Outcome, Played, bases_of, play
from harness.exploration.candidates import Kinds

# The orchestrator under test is the harness's own: an exception that leaves it voids the trial for the campaign, and is
# harm all the same. So is a lie that is believed: the sound agent has to see through it where that counts.
HARM: frozenset[Outcome] = FAILING | BLAMED


class Subject(msgspec.Struct, frozen=True):
    """One defect as it is explored; ``bases`` are its trials without faults, ``sound`` the agent without the defect."""

    defect: Defect
    sound: AgentSpec
    bases: tuple[TrialSpec, ...]


def subject_of(defect: Defect) -> Subject:
    """Return what there is to explore of a defect."""
    scenario = pattern_scenario(defect.scenario)
    bases = bases_of(str(FOLDER / f"{defect.scenario}.yaml"), [with_defect(scenario, defect)])
    return Subject(defect, scenario.agents[0], tuple(bases))


def hand_written(subject: Subject) -> Iterator[TrialSpec]:
    """Yield the trials of the defect's scenario, without what is expected of them."""
    scenario = pattern_scenario(subject.defect.scenario)
    for spec in expand(scenario, agents=[with_defect(scenario, subject.defect)]):
        yield changed(spec, expect=None, expect_overall=None)


def changed(spec: TrialSpec, **update: Any) -> TrialSpec:
    """Return a trial with other values in some fields."""
    return TrialSpec(**{name: getattr(spec, name) for name in TrialSpec.model_fields} | update)


class Judge:
    """Says whether a trial shows a defect: it does harm, and the same trial of the sound agent does none.

    Where the agent does the same harm without the faults of the trial, they show nothing.
    """

    def __init__(self, kinds: Kinds) -> None:
        self.kinds = kinds
        self._known: dict[str, Outcome] = {}

    def play(self, spec: TrialSpec) -> Played:
        """Play one trial."""
        return play(spec, self.kinds)

    def shows(self, subject: Subject, spec: TrialSpec, played: Played) -> bool:
        """Whether a trial of the defective agent shows its defect."""
        if played.outcome not in HARM or self._does_harm(changed(spec, agent=subject.sound)):
            return False
        return not spec.plan.faults or not self._does_harm(changed(spec, plan=FaultPlan()))

    def _does_harm(self, spec: TrialSpec) -> bool:
        """Play a trial at most once: a sound agent is compared with many defects."""
        if spec.trial_id not in self._known:
            self._known[spec.trial_id] = self.play(spec).outcome
        return self._known[spec.trial_id] in HARM
