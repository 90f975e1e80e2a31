"""Golden tasks put to the proof: the reference has to pass, four weak agents have to fail."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from harness.boundary import FaultPlan
from harness.campaign.specs import TrialSpec
from harness.campaign.trial import run_trial
from harness.content import AgentSpec, Task, load_domain
from harness.planners import WEAK, names_an_entity
from harness.scoring import Record, score

KNOWN_WEAK = "known-weak"


class DomainCheck(msgspec.Struct, frozen=True):
    """What the check of one domain found; ``notes`` are weaknesses that the tasks' source is known for."""

    domain: str
    tasks: int
    problems: tuple[str, ...]
    notes: tuple[str, ...]


def check_domain(name: str) -> DomainCheck:
    """Check every task of a domain; a problem names the task and the assertion that is too weak or too strong."""
    domain = load_domain(name)
    problems: list[str] = []
    notes: list[str] = []
    for task in domain.tasks.values():
        problems += _reference_problems(name, task)
        (notes if KNOWN_WEAK in task.tags else problems).extend(_weaknesses(name, task))
    return DomainCheck(name, len(domain.tasks), tuple(problems), tuple(notes))


def _reference_problems(domain: str, task: Task) -> list[str]:
    if "reference" not in task.model_fields_set:
        return [f"{task.id}: has no reference; add the steps of a right path"]
    # Without people of its own, a domain has nobody careful to ask.
    approver = "careful" if load_domain(domain).caution.wants else "always"
    record = _play(domain, task, AgentSpec(name="reference", approver=approver))
    card = score(record)
    if card.outcome != "passed":
        return [f"{task.id}: the reference fails: {reason}" for reason in card.reasons or (card.terminal_state,)]
    return list(_blind_spots(task, record))


def _blind_spots(task: Task, record: Record) -> Iterable[str]:
    """Yield what the reference did to the world and nothing would miss."""
    if not record.changes:
        return
    if not record.of("effect_committed"):
        yield f"{task.id}: a tool that is declared as a read has changed {record.changes[0].dotted}; declare its effect"
    if task.expect.final_state is not None and not task.expect.final_state.checks:
        yield (
            f"{task.id}: weak: the reference changes {record.changes[0].dotted}, and no check of final_state "
            "asks for it; add one (calls are scored, they do not decide)"
        )


def _weaknesses(domain: str, task: Task) -> list[str]:
    if not asks_for_action(task):
        return []
    found = []
    for planner in WEAK:
        if planner == "wrong_entity" and not names_an_entity(task.reference):
            continue
        card = score(_play(domain, task, AgentSpec(name=planner, planner=planner, approver="always")))
        if card.value("success") == 1.0:
            found.append(
                f"{task.id}: weak: {planner} passes; no assertion of final_state, output or forbidden stops it"
            )
    return found


def asks_for_action(task: Task) -> bool:
    """Whether a right end differs from doing nothing: the world has to change, or something has to be said."""
    expect = task.expect
    says = bool(expect.output.contains or expect.output.contains_any)
    changes = bool(expect.final_state and expect.final_state.checks)
    return says or changes or bool(expect.oracles)


def _play(domain: str, task: Task, agent: AgentSpec) -> Record:
    spec = TrialSpec(
        scenario="golden check", domain=domain, task_id=task.id, agent=agent, plan=FaultPlan(), seed=0, trial=0
    )
    return run_trial(spec, {}).record
