"""Playing a defect in a scenario until it shows, and the least that it takes to show it."""

from __future__ import annotations

import multiprocessing
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, partial

import msgspec

from benchmarks.defects import Defect
from harness.boundary import FaultKind, FaultPlan, PlannedFault
from harness.campaign import TrialSpec, expand, load_scenario, run_trial
from harness.content import AgentSpec, Scenario, all_fault_kinds, reference_pack
from harness.scoring import AS_EXPECTED, Scorecard, key_of, score, unmet_overall

Scored = tuple[TrialSpec, Scorecard]
FOLDER = reference_pack().root / "scenarios" / "patterns"


class Failure(msgspec.Struct, frozen=True):
    """How an agent falls short in a scenario: after how many trials, where, with which faults at least, and how.

    Means over several trials fall short in all of their trials together; of these, ``task_id`` is the last.
    """

    trials: int
    task_id: str
    plan: str
    faults: tuple[PlannedFault, ...]
    signature: tuple[str, ...]

    @property
    def facts(self) -> str:
        """The signature on one line."""
        return " | ".join(" ".join(fact.split()) for fact in self.signature)

    @property
    def fault_plan(self) -> str:
        """The faults on one line, each as ``kind at site when``."""
        return ", ".join(map(_told, self.faults)) or "no fault"


def _told(fault: PlannedFault) -> str:
    ways = fault.when.model_dump(mode="json", exclude_defaults=True)
    when = " ".join(way if value is True else f"{way}={value}" for way, value in ways.items())
    return f"{fault.kind} at {fault.at} {when}"


Failures = Mapping[str, Failure | None]


@cache
def pattern_scenario(stem: str) -> Scenario:
    """Return a pattern scenario by its file stem; raises ContentError."""
    return load_scenario(FOLDER / f"{stem}.yaml")


@cache
def pattern_stems() -> tuple[str, ...]:
    """Return the file stems of all pattern scenarios."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def holds(stem: str) -> bool:
    """Whether a pattern scenario holds with its sound agent, so that falling short in it means something."""
    scenario = pattern_scenario(stem)
    return first_failure(scenario, scenario.agents[0]) is None


@cache
def _kinds() -> Mapping[str, FaultKind]:
    return all_fault_kinds()


def with_defect(scenario: Scenario, defect: Defect) -> AgentSpec:
    """Return the sound agent of a scenario, made of the parts of a defect."""
    return scenario.agents[0].model_copy(update={"name": defect.name, "parts": defect.parts})


def first_failure(scenario: Scenario, agent: AgentSpec) -> Failure | None:
    """Play a scenario with one agent until it falls short of what is expected; None when it holds."""
    specs = expand(scenario, agents=[agent])
    played: list[Scored] = []
    for number, spec in enumerate(specs, 1):
        played.append((spec, _card(spec)))
        if played[-1][1].unmet:
            return _failure(number, [spec], played[-1][1].signature, scenario.agents[0])
    for plan in _by_plan(played):
        if missed := _missed_means(plan):
            return _failure(len(specs), [spec for spec, _ in plan], missed, scenario.agents[0])
    return None


def _failure(trials: int, specs: Sequence[TrialSpec], signature: tuple[str, ...], sound: AgentSpec) -> Failure:
    """Drop the faults of a plan one by one, as long as the agent falls short as before and the sound one does not."""
    faults = list(specs[0].plan.faults)
    for fault in specs[0].plan.faults:
        fewer = [spec.model_copy(update={"plan": _without(fault, spec.plan, faults)}) for spec in specs]
        sound_too = [spec.model_copy(update={"agent": sound}) for spec in fewer]
        if _signature(fewer) == signature != _signature(sound_too):
            faults.remove(fault)
    return Failure(trials, specs[-1].task_id, specs[0].plan.id, tuple(faults), signature)


def _without(fault: PlannedFault, plan: FaultPlan, faults: Sequence[PlannedFault]) -> FaultPlan:
    return FaultPlan(id=plan.id, faults=tuple(one for one in faults if one is not fault))


def _signature(specs: Sequence[TrialSpec]) -> tuple[str, ...]:
    played = [(spec, _card(spec)) for spec in specs]
    return next((card.signature for _, card in played if card.unmet), _missed_means(played))


def _card(spec: TrialSpec) -> Scorecard:
    return score(run_trial(spec, _kinds()).record, spec.expect)


def _by_plan(played: Iterable[Scored]) -> Iterable[list[Scored]]:
    plans: defaultdict[str, list[Scored]] = defaultdict(list)
    for spec, card in played:
        plans[spec.plan.id].append((spec, card))
    return plans.values()


def _missed_means(played: Sequence[Scored]) -> tuple[str, ...]:
    """Return which means over the trials of one fault plan fall short, in the words of a signature."""
    expected = played[0][0].expect_overall or {}
    values = {name: [value for _, card in played if (value := card.value(name)) is not None] for name in expected}
    return tuple(f"unmet {key_of(line)}" for line in unmet_overall(values, expected))


def failures_of(defect: Defect, stems: Sequence[str]) -> Failures:
    """Return how a defect falls short in each of some scenarios."""
    scenarios = {stem: pattern_scenario(stem) for stem in stems}
    return {stem: first_failure(scenario, with_defect(scenario, defect)) for stem, scenario in scenarios.items()}


def _played(defect: Defect, stems: Sequence[str]) -> tuple[Defect, Failures]:
    return defect, failures_of(defect, stems or [defect.scenario])


def play(defects: Sequence[Defect], stems: Sequence[str], jobs: int) -> Iterator[tuple[Defect, Failures]]:
    """Yield the failures of each defect in order: in ``stems``, or where there are none in its own scenario."""
    if jobs == 1:
        yield from (_played(one, stems) for one in defects)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap(partial(_played, stems=stems), defects)


def told_apart(one: Failures, other: Failures) -> bool:
    """Whether some scenario gives two defects different signatures, or none was played with both."""
    return one.keys().isdisjoint(other) or any(_facts(one[stem]) != _facts(other[stem]) for stem in one.keys() & other)


def _facts(failure: Failure | None) -> tuple[str, ...]:
    return failure.signature if failure else AS_EXPECTED
