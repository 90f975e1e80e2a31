"""One trial in one call: from a task, a fault plan and a world to the scorecard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypothesis import currently_in_test_context, event

from harness.boundary import FaultPlan, plan_problems
from harness.campaign import TrialSpec, run_trial, trial_seed
from harness.content import AgentSpec, Domain, all_fault_kinds, load_domain
from harness.errors import ContentError, SimulationError, UsageError
from harness.scoring import Record, Scorecard, score
from harness.world import Change, apply_changes

World = tuple[Change, ...]
Agent = AgentSpec | Mapping[str, Any] | str

AS_IT_IS: World = ()


def play(
    domain: str,
    task: str,
    plan: FaultPlan | None = None,
    *,
    agent: Agent = "reference",
    world: World = AS_IT_IS,
    seed: int = 0,
) -> Scorecard:
    """Play one trial of a task and score it; equal arguments give equal scorecards.

    ``agent`` is ``module:attribute``, a built-in name, or all that a scenario can say of an agent. ``world`` is what
    differs from the domain's own. In a test of Hypothesis, its statistics tell how many plans hit.
    Raises UsageError for what does not exist, and SimulationError for a trial that could not be played to its end for
    other reasons than its agent: it has shown nothing.
    """
    card = score(record_of(trial_of(domain, task, agent, seed).under(plan or FaultPlan()), world))
    if card.outcome == "harness_error":
        msg = f"{domain}/{task} could not be played: {'; '.join(card.reasons)}; mend that first"
        raise SimulationError(msg)
    if currently_in_test_context():
        event(f"faults that hit: {card.fault_coverage or 'none planned'}")
    return card


def trial_of(domain: str, task: str, agent: Agent, seed: int) -> TrialSpec:
    """Return the trial of a task without faults; raises UsageError for a domain or task that does not exist."""
    tasks = load_domain(domain).tasks
    if task not in tasks:
        msg = f"{domain} has no task {task!r}; known: {', '.join(tasks)}"
        raise UsageError(msg)
    return TrialSpec(
        scenario="property",
        domain=domain,
        task_id=task,
        agent=AgentSpec.model_validate(agent),
        plan=FaultPlan(),
        seed=trial_seed(seed, domain, task, 0),
        trial=0,
    )


def record_of(spec: TrialSpec, world: World) -> Record:
    """Play a trial in a world; raises ContentError for a plan that its kinds do not allow."""
    kinds = all_fault_kinds()
    problems = list(plan_problems(spec.plan, kinds))
    if problems:
        raise ContentError(problems)
    return run_trial(spec, kinds, _in_world(load_domain(spec.domain), world)).record


def _in_world(domain: Domain, world: World) -> Domain:
    return replace(domain, fresh_state=lambda: apply_changes(domain.initial, world)) if world else domain
