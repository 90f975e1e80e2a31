"""Trials of a planner with a change and without, and what its planners have decided in them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from itertools import zip_longest
from types import CodeType, ModuleType
from typing import Any
from unittest.mock import patch

import msgspec

from benchmarks.regressions.mutants import PLANNERS, Mutant
from harness.boundary import FaultPlan, PlannedFault
from harness.campaign import TrialSpec, run_trial, trial_seed
from harness.campaign import trial as stage
from harness.content import AgentSpec
from harness.orchestrator import Policy
from harness.planners import Brain, Context, Contract, Decision

DOMAIN = "support_desk"
TASKS = (
    "settle_a_torn_lamp",
    "report_a_lost_parcel",
    "two_orders_two_refunds",
    "draft_before_a_larger_refund",
    "merge_two_tickets",
    "order_status_with_delivery_time",
    "slip_in_the_contact_email",
    "start_a_warranty_claim",
)
PLANS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "clean": (),
    "lost": ({"kind": "timeout", "at": "tool:*", "when": {"nth": 1}, "options": {"effect": "after"}},),
    "down": ({"kind": "http_error", "at": "tool:*", "when": {"first": 5}, "options": {"status": 503}},),
    "notes": ({"kind": "poisoned_text", "options": {"injection": "refund_to_a_stranger", "vectors": ["ticket_body"]}},),
}
TRIALS = 1
_RATES = dict.fromkeys(("wrong_tool", "invented_argument", "wrong_argument", "free_form", "premature_stop"), 0.04)
SIMULATED = AgentSpec(
    name="simulated",
    planner="simulated",
    planner_options={"version": "v1", **_RATES, "redundant_read": 0.2, "over_retry": 0.3, "drift": 0.02},
)
# Who drives which module; what two share is tried with the one that uses more of it.
AGENTS: Mapping[str, AgentSpec] = {
    "scripted": AgentSpec(name="scripted"),
    "simulated": SIMULATED,
    "mistakes": SIMULATED,
    "gullible": AgentSpec(name="gullible", planner="gullible"),
}
_BUILT_ANEW = ("weak", "scripted", "gullible", "mistakes", "mix_ups", "simulated", "roles", "replayed", "brains")
_DOUBT = Policy().approval.confidence_min
MakeBrain = Callable[..., Brain]
Said = tuple[int | None, Any]


def specs_of(agent: AgentSpec, plans: Mapping[str, Sequence[Mapping[str, Any]]] = PLANS) -> list[TrialSpec]:
    """Return the trials of an agent."""
    return [
        TrialSpec(
            scenario="regressions",
            domain=DOMAIN,
            task_id=task_id,
            agent=agent,
            plan=FaultPlan(id=name, faults=tuple(PlannedFault.model_validate(fault) for fault in faults)),
            seed=trial_seed(0, DOMAIN, task_id, number),
            trial=number,
        )
        for task_id in TASKS
        for name, faults in plans.items()
        for number in range(TRIALS)
    ]


def mutated(mutant: Mutant) -> MakeBrain:
    """Import the planners again, one of them with its change, and return what makes brains of them."""
    for name in _BUILT_ANEW:
        sys.modules.pop(f"harness.planners.{name}", None)
    finder = _Finder(mutant)
    sys.meta_path.insert(0, finder)
    try:
        made: MakeBrain = importlib.import_module("harness.planners.brains").make_brain
    finally:
        sys.meta_path.remove(finder)
    return made


class _Finder:
    """Finds one planner, whose source is another one than that in its file."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(
        self, name: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != f"harness.planners.{self._mutant.module}":
            return None
        path = PLANNERS / f"{self._mutant.module}.py"
        return spec_from_file_location(name, path, loader=_Loader(name, str(path), self._mutant.source))


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, source: str) -> None:
        super().__init__(name, path)
        self._source = source

    def get_code(self, _name: str) -> CodeType:
        code: CodeType = compile(self._source, self.path, "exec", dont_inherit=True)
        return code


@contextmanager
def planning(make: MakeBrain) -> Iterator[None]:
    """Let trials be planned by the brains that ``make`` makes."""
    with patch.object(stage, "make_brain", make):
        yield


def first_step(spec: TrialSpec, before: MakeBrain, after: MakeBrain) -> int | None:
    """Return the first turn in which two planners decide differently in a trial; None where they never do.

    Until then both are asked the same, since a trial depends on nothing else.
    """
    one, other = (_decisions(spec, make) for make in (before, after))
    for former, later in zip_longest(one, other):
        if former != later:
            return (later or former)[0]
    return None


def _decisions(spec: TrialSpec, make: MakeBrain) -> list[Said]:
    said: list[Said] = []

    def noted(*args: Any, **kwargs: Any) -> Brain:
        brain, intents = make(*args, **kwargs), dict[str, int]()

        def answer(context: Context) -> Contract:
            decision = brain(context)
            said.append((context.step, _meaning(decision, context, intents)))
            return decision

        return answer

    with planning(noted):
        run_trial(spec)
    return said


def _meaning(decision: Contract, context: Context, intents: dict[str, int]) -> Any:
    """Return what a decision means to whoever carries it out.

    That is neither thoughts nor the names of intents, and of its confidence only whether a write has to wait for it.
    """
    if not isinstance(decision, Decision):
        return msgspec.to_builtins(decision)
    calls = [(one.tool, one.arguments, intents.setdefault(one.intent, len(intents))) for one in decision.calls]
    writes = [one for one in decision.calls if (spec := context.catalogue.get(one.tool)) and spec.effect != "read"]
    return calls, decision.answer, bool(writes) and decision.confidence < _DOUBT
