"""What is explored: tasks by name, or the tasks and agents of a scenario, each as a trial without faults."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from harness.boundary import FaultPlan
from harness.campaign import TrialSpec, expand, find_scenario, load_scenario, trial_seed
from harness.content import AgentSpec, find_packs, load_domain, shorten
from harness.errors import ContentError, HarnessError

REFERENCE = AgentSpec(name="reference")


def bases_of(target: str, agents: Sequence[AgentSpec] | None = None, *, seed: int = 0) -> list[TrialSpec]:
    """Return the trials that a target stands for, without faults; ``agents`` stand in the place of its own.

    A target is a scenario (a file, or the name of one), or a task, as ``domain/task`` or by its name alone where only
    one domain has it; a task may hold ``*``. Raises ContentError when it is neither.
    """
    tasks = _tasks(target)
    if tasks:
        return [_base(domain, task, agent, seed) for domain, task in tasks for agent in (agents or (REFERENCE,))]
    try:
        scenario = load_scenario(find_scenario(target))
    except ContentError as error:
        if error.problems[0].startswith("there is no scenario "):
            msg = f"there is no task and no scenario {shorten(target)}; name a task as domain/task, * picks several"
            raise ContentError([msg]) from error
        raise
    specs = [_without_faults(spec) for spec in expand(scenario, seed=seed, trials=1, agents=agents)]
    return list({spec.trial_id: spec for spec in specs}.values())


def _tasks(target: str) -> list[tuple[str, str]]:
    domain, slash, pattern = target.rpartition("/")
    known = [name for pack in find_packs().values() for name in pack.domain_names()]
    if slash:
        return _matching(domain, pattern) if domain in known else []
    found = [one for name in known if _can_be_loaded(name) for one in _matching(name, pattern)]
    if len({name for name, _ in found}) > 1:
        owners = ", ".join(sorted({f"{name}/{pattern}" for name, _ in found}))
        raise ContentError([f"more than one domain has a task {shorten(target)}; write one of: {owners}"])
    return found


def _matching(domain: str, pattern: str) -> list[tuple[str, str]]:
    return [(domain, task) for task in load_domain(domain).tasks if fnmatchcase(task, pattern)]


def _can_be_loaded(domain: str) -> bool:
    """Whether a domain that nobody has named can be searched; it may want an extra that is not installed."""
    try:
        load_domain(domain)
    except HarnessError:
        return False
    return True


def _base(domain: str, task_id: str, agent: AgentSpec, seed: int) -> TrialSpec:
    return TrialSpec(
        scenario="explore",
        domain=domain,
        task_id=task_id,
        agent=agent,
        plan=FaultPlan(),
        seed=trial_seed(seed, domain, task_id, 0),
        trial=0,
    )


def _without_faults(spec: TrialSpec) -> TrialSpec:
    """Return the trial as it is without its plan, and without what is expected under that plan."""
    return TrialSpec(
        **{name: getattr(spec, name) for name in TrialSpec.model_fields}
        | {"plan": FaultPlan(), "expect": None, "expect_overall": None}
    )
