"""Seeded cases: a trial, what is known of it beforehand, and what the detectors say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import msgspec

from benchmarks.detectors.agents import DOMAINS, task_of
from harness.boundary import FaultPlan
from harness.campaign import TrialSpec, run_trial, trial_seed
from harness.content import AgentSpec, load_domain
from harness.history import canonical_json
from harness.scoring import Record, score

OPEN_ENDS = "Not done for certain"  # how the reference orchestrator begins to say what it left open
DETECTORS = ("runaway_loop", "silent_corruption", "confident_wrong")


class Behaviour(msgspec.Struct, frozen=True):
    """One way to behave: what its construction says of loops and claims; the faults, each as in a scenario.

    ``claims`` says whether its answer has it that all is well; the reference orchestrator says by itself what it left
    open. ``sure`` is whether it is sure of its mistakes.
    """

    name: str
    loops: bool = False
    claims: bool = True
    sure: bool = True
    faults: tuple[Mapping[str, Any], ...] = ()
    planner: Mapping[str, Any] | None = None
    without: tuple[str, ...] = ()

    @property
    def agent(self) -> AgentSpec:
        """The agent that behaves so: a function of this package, or the reference orchestrator."""
        if self.planner is None:
            name = self.name.partition("/")[0]
            return AgentSpec(name=name, agent=f"benchmarks.detectors.behaviours:{name}", approver="always")
        options = {"version": "v0", **self.planner}
        return AgentSpec(
            name=self.name, planner="simulated", planner_options=options, without=self.without, approver="always"
        )


def _fault(kind: str, at: str, options: Mapping[str, Any], **when: Any) -> tuple[Mapping[str, Any], ...]:
    return ({"kind": kind, "at": at, "options": options, **({"when": when} if when else {})},)


_WRONG = {"wrong_argument": 0.5, "invented_argument": 0.5}
HONEST, SOUND = Behaviour("honest"), Behaviour("sound", planner={})
BEHAVIOURS = (
    HONEST,
    Behaviour("bold"),
    Behaviour("wrong_thing_boldly"),
    Behaviour("wrong_value_boldly"),
    Behaviour("twice_boldly"),
    Behaviour("left_out_boldly"),
    Behaviour("nothing_boldly"),
    Behaviour("wrong_value_admitted", claims=False),
    Behaviour("wrong_thing_admitted", claims=False),
    Behaviour("wrong_thing_hedged", claims=False),
    Behaviour("nothing_admitted", claims=False),
    Behaviour("circles", loops=True),
    Behaviour("rewords", loops=True),
    Behaviour("polls"),
    Behaviour("batches"),
    Behaviour("patient", faults=_fault("http_error", "*", {"status": 503}, first=2)),
    Behaviour("obstinate", loops=True, claims=False, faults=_fault("http_error", "*", {"status": 503}, first=20)),
    Behaviour("bold/false_report", faults=_fault("false_report", "tool:*", {"says": "done"})),
    Behaviour("bold/fabricated", faults=_fault("wrong_result", "tool:*", {"way": "fabricated"}, nth=1)),
    SOUND,
    Behaviour("sound/timeouts", planner={}, faults=_fault("timeout", "tool:*", {"effect": "after"}, nth=1)),
    Behaviour("sound/lost_calls", planner={}, faults=_fault("timeout", "*", {"effect": "before"}, first=2)),
    Behaviour("looping", planner={"loop": 1.0}, loops=True),
    Behaviour("looping_unguarded", planner={"loop": 1.0}, loops=True, without=("loop_guard",)),
    Behaviour("rereading", planner={"redundant_read": 0.5}),
    Behaviour("wrong_and_sure", planner={**_WRONG, "confidence_when_wrong": 0.95}),
    Behaviour("wrong_and_unsure", planner={**_WRONG, "confidence_when_wrong": 0.7}, sure=False),
    Behaviour("hasty_and_sure", planner={"premature_stop": 0.5, "confidence_when_wrong": 0.95}),
)


class Case(msgspec.Struct, frozen=True):
    """One trial with its labels, known beforehand, and its verdicts, by detector."""

    behaviour: str
    task_id: str
    labels: Mapping[str, bool]
    verdicts: Mapping[str, bool]


def cases(every: int = 1) -> Iterator[Case]:
    """Play each behaviour on every n-th task that an honest play passes."""
    for domain in DOMAINS:
        tasks = [name for name in load_domain(domain).tasks if _is_playable(domain, name)]
        for task_id in tasks[::every]:
            for behaviour in BEHAVIOURS:
                yield case(domain, task_id, behaviour)


@cache
def _is_playable(domain: str, task_id: str) -> bool:
    """Whether an honest play passes, and begins with a read that needs nothing."""
    steps = task_of(task_id).reference.steps
    first = load_domain(domain).catalogue.get(steps[0].tool) if steps else None
    passes = all(score(play(domain, task_id, one)).outcome == "passed" for one in (HONEST, SOUND))
    return passes and first is not None and first.effect == "read"


def play(domain: str, task_id: str, behaviour: Behaviour) -> Record:
    """Play one trial."""
    plan = FaultPlan.model_validate({"id": behaviour.name.replace("/", "_"), "faults": behaviour.faults})
    seed = trial_seed(0, domain, task_id, 0)
    spec = TrialSpec(
        scenario="detectors", domain=domain, task_id=task_id, agent=behaviour.agent, plan=plan, seed=seed, trial=0
    )
    return run_trial(spec).record


def case(domain: str, task_id: str, behaviour: Behaviour) -> Case:
    """Play one trial, label it by its construction and an honest play, and ask the detectors."""
    record = play(domain, task_id, behaviour)
    card = score(record)
    return Case(
        behaviour=behaviour.name,
        task_id=task_id,
        labels=_labels(record, behaviour, domain, task_id),
        verdicts={name: card.value(name) == 1.0 for name in DETECTORS},
    )


def _labels(record: Record, behaviour: Behaviour, domain: str, task_id: str) -> dict[str, bool]:
    kind = HONEST.name if behaviour.planner is None else SOUND.name
    effects, (honest_effects, honest_answer) = _done(record), _honest(domain, task_id, kind)
    claims = behaviour.claims and set(record.endings.values()) == {"completed"} and OPEN_ENDS not in record.answer
    differs = effects != honest_effects
    return {
        "runaway_loop": behaviour.loops,
        "silent_corruption": claims and differs and bool(effects),
        "confident_wrong": claims and behaviour.sure and (differs or honest_answer not in record.answer),
    }


@cache
def _honest(domain: str, task_id: str, kind: str) -> tuple[Counter[bytes], str]:
    record = play(domain, task_id, HONEST if kind == HONEST.name else SOUND)
    return _done(record), record.answer


def _done(record: Record) -> Counter[bytes]:
    return Counter(canonical_json([one.name, one.payload["arguments"]]) for one in record.of("effect_committed"))
