"""Scenario files found, checked against everything that they name, and expanded into trials."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from harness.agents import resolve
from harness.boundary import plan_problems
from harness.campaign.specs import RunSpec, TrialSpec, trial_seed
from harness.content import (
    AgentSpec,
    Domain,
    Located,
    Scenario,
    all_fault_kinds,
    find_packs,
    load_domain,
    parse,
    read_yaml,
)
from harness.errors import AgentError, ContentError


def find_scenario(name: str) -> Path:
    """Return the file of a scenario: a path, or the name of one in a pack; raises ContentError that lists them."""
    if Path(name).is_file():
        return Path(name)
    named = {path.stem: path for pack in find_packs().values() for path in pack.scenario_paths()}
    if name in named:
        return named[name]
    raise ContentError([f"there is no scenario {name!r}, neither a file nor one of: {', '.join(sorted(named))}"])


def load_scenario(path: Path) -> Scenario:
    """Read and check one scenario; raises ContentError with every problem of the file."""
    located = read_yaml(path)
    scenario = parse(Scenario, located)
    if problems := list(_problems(scenario, located)):
        raise ContentError(problems)
    return scenario


def _problems(scenario: Scenario, located: Located) -> Iterable[str]:
    yield from _agent_problems(scenario, located)
    kinds = all_fault_kinds()
    for name, plan in scenario.plans().items():
        for problem in plan_problems(plan, kinds):
            yield f"{located.where(('faults', name))}: {problem}"
    try:
        domain = load_domain(scenario.domain)
    except ContentError as error:
        place = located.where(["domain"])
        yield from (f"{place}: {one}" if one.startswith("domain ") else one for one in error.problems)
        return
    for index, pattern in enumerate(scenario.tasks):
        if not _pick(domain, [pattern]):
            known = ", ".join(domain.tasks)
            yield f"{located.where(('tasks', index))}: no task of {domain.name} is called {pattern!r}; known: {known}"
    for name, spec in scenario.faults.items():
        for pattern in spec.tasks:
            if not _pick(domain, [pattern]):
                yield f"{located.where(('faults', name, 'tasks'))}: no task of {domain.name} is called {pattern!r}"
        yield from _selector_problems(name, scenario, domain, located)


def _agent_problems(scenario: Scenario, located: Located) -> Iterable[str]:
    for index, agent in enumerate(scenario.agents):
        try:
            resolve(agent)
        except AgentError as error:
            yield f"{located.where(('agents', index))}: {error}"


def _selector_problems(name: str, scenario: Scenario, domain: Domain, located: Located) -> Iterable[str]:
    for fault in scenario.faults[name].faults:
        place = located.where(("faults", name))
        tool = fault.selector.name
        if fault.selector.port in ("tool", "retrieval") and "*" not in tool and tool not in domain.tools:
            yield f"{place}: at: there is no tool {tool!r} in {domain.name}; known: {', '.join(sorted(domain.tools))}"
        injection = fault.options.get("injection")
        if injection is not None and injection not in domain.injections:
            known = ", ".join(sorted(domain.injections)) or "none"
            yield f"{place}: there is no injection {injection!r} in {domain.name}; known: {known}"


def _pick(domain: Domain, patterns: Sequence[str]) -> list[str]:
    return [task for task in domain.tasks if any(fnmatchcase(task, pattern) for pattern in patterns)]


def expand(
    scenario: Scenario, *, seed: int = 0, trials: int | None = None, agents: Sequence[AgentSpec] | None = None
) -> list[TrialSpec]:
    """Cross tasks, fault plans, agents and trials, in that order; ``agents`` and ``trials`` override the scenario's."""
    domain = load_domain(scenario.domain)
    return [
        TrialSpec(
            scenario=scenario.scenario,
            domain=scenario.domain,
            task_id=task_id,
            agent=agent,
            plan=plan,
            seed=trial_seed(seed, domain.name, task_id, number),
            trial=number,
            runs=tuple(RunSpec(run_id=f"run-{index + 1}", start_s=at) for index, at in enumerate(scenario.starts_s)),
        )
        for task_id in _pick(domain, scenario.tasks)
        for name, plan in scenario.plans().items()
        if any(fnmatchcase(task_id, pattern) for pattern in scenario.faults[name].tasks)
        for agent in (agents or scenario.agents)
        for number in range(trials or scenario.trials)
    ]
