"""Scenario files found, checked against everything that they name, and expanded into trials."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path

from pydantic import ValidationError

from harness.agents import resolve
from harness.boundary import FaultKind, Seeding, Selector
from harness.campaign.specs import RunSpec, TrialSpec, trial_seed
from harness.content import (
    AgentSpec,
    Domain,
    Located,
    PlanSpec,
    Scenario,
    Task,
    all_fault_kinds,
    all_profiles,
    fault_problems,
    find_packs,
    load_domain,
    read_yaml,
    salvage,
    shorten,
)
from harness.errors import AgentError, ContentError
from harness.history import History
from harness.scoring import METRICS
from harness.world import SeedBed, World

LISTED = 10


def find_scenario(name: str) -> Path:
    """Return the file of a scenario: a path, or the name of one in a pack; raises ContentError with names like it."""
    try:
        if Path(name).is_file():
            return Path(name)
    except (OSError, ValueError):
        pass  # no name that a file can have
    named = {path.stem: path for pack in find_packs().values() for path in pack.scenario_paths()}
    if name in named:
        return named[name]
    alike = ", ".join(get_close_matches(name, sorted(named), n=LISTED, cutoff=0.0))
    problem = f"there is no scenario {shorten(name)}, neither a file nor one of {len(named)}, such as: {alike}"
    raise ContentError([problem])


def load_scenario(path: Path) -> Scenario:
    """Read and check one scenario, and write its profiles out; raises ContentError with every problem of the file."""
    found = salvage(Scenario, read_yaml(path))
    problems = list(found.problems)
    if found.value is not None:
        problems += _problems(found.value, found.located)
    if found.value is None or problems:
        raise ContentError(list(dict.fromkeys(problems)))
    return _with_profiles(found.value)


def _with_profiles(scenario: Scenario) -> Scenario:
    if all(spec.profile is None for spec in scenario.faults.values()):
        return scenario
    profiles = all_profiles()
    return scenario.model_copy(
        update={"faults": {name: spec.filled(profiles) for name, spec in scenario.faults.items()}}
    )


def _problems(scenario: Scenario, located: Located) -> Iterator[str]:
    yield from _agent_problems(scenario, located)
    yield from _metric_problems(scenario, located)
    kinds: Mapping[str, FaultKind] = {}
    try:
        kinds = all_fault_kinds()
    except ContentError as error:
        yield from error.problems
    if kinds:
        yield from _fault_problems(scenario, kinds, located)
        yield from _profile_problems(scenario, located)
    try:
        domain = load_domain(scenario.domain)
    except ContentError as error:
        place = located.where(["domain"])
        yield from (f"{place}: {one}" if one.startswith("domain ") else one for one in error.problems)
        return
    yield from _task_problems(scenario, domain, located)
    for name in scenario.faults:
        yield from _selector_problems(name, scenario, domain, located)
        if kinds:
            yield from _planting_problems(name, scenario, domain, kinds, located)


def _agent_problems(scenario: Scenario, located: Located) -> Iterator[str]:
    for index, agent in enumerate(scenario.agents):
        try:
            resolve(agent)
        except AgentError as error:
            yield f"{located.where(('agents', index))}: {error}"


def _metric_problems(scenario: Scenario, located: Located) -> Iterator[str]:
    known = [metric.name for metric in METRICS]
    for place in _metric_places(scenario):
        if place[-1] not in known:
            yield f"{located.where(place)}: there is no metric {place[-1]!r}; known: {', '.join(known)}"


def _metric_places(scenario: Scenario) -> Iterator[tuple[str, ...]]:
    """Yield where a scenario and its fault plans name metrics."""
    expecting: list[tuple[tuple[str, ...], Scenario | PlanSpec]] = [((), scenario)]
    expecting += [(("faults", name), plan) for name, plan in scenario.faults.items()]
    for place, one in expecting:
        yield from ((*place, "expect", "metrics", name) for name in (one.expect.metrics if one.expect else ()))
        yield from ((*place, "expect_overall", name) for name in one.expect_overall or ())


def _fault_problems(scenario: Scenario, kinds: Mapping[str, FaultKind], located: Located) -> Iterator[str]:
    for name, spec in scenario.faults.items():
        yield from fault_problems(("faults", name, "faults"), spec.faults, kinds, located)


def _profile_problems(scenario: Scenario, located: Located) -> Iterator[str]:
    wanted = {name: spec.profile for name, spec in scenario.faults.items() if spec.profile is not None}
    if not wanted:
        return
    try:
        profiles = all_profiles()
    except ContentError as error:
        yield from error.problems
        return
    known = ", ".join(name for name in profiles if ":" not in name)
    for name, profile in wanted.items():
        if profile not in profiles:
            yield f"{located.where(('faults', name, 'profile'))}: there is no profile {profile!r}; known: {known}"


def _task_problems(scenario: Scenario, domain: Domain, located: Located) -> Iterator[str]:
    known = ", ".join(domain.tasks) or "none"
    for index, pattern in enumerate(scenario.tasks):
        if not _pick(domain, [pattern]):
            yield f"{located.where(('tasks', index))}: no task of {domain.name} is called {pattern!r}; known: {known}"
    picked = set(_pick(domain, scenario.tasks))
    for name, spec in scenario.faults.items():
        place = located.where(("faults", name, "tasks"))
        unknown = [pattern for pattern in spec.tasks if pattern != "*" and not _pick(domain, [pattern])]
        yield from (f"{place}: no task of {domain.name} is called {one!r}; known: {known}" for one in unknown)
        if picked and not unknown and not picked & set(_pick(domain, spec.tasks)):
            yield f"{place}: none of these is among the scenario's tasks; name one of: {', '.join(sorted(picked))}"


def _selector_problems(name: str, scenario: Scenario, domain: Domain, located: Located) -> Iterator[str]:
    runs = [run.run_id for run in _runs(scenario)]
    for index, fault in enumerate(scenario.faults[name].faults):
        place = ("faults", name, "faults", index)
        at, selector = located.where((*place, "at")), fault.selector
        # A run that work is handed to is called after the one that it comes from: run-1.payer.…
        if not any(fnmatchcase(run, selector.run) or selector.run.startswith(f"{run}.") for run in runs):
            yield f"{at}: there is no run {selector.run!r}; known (one for each of starts_s): {', '.join(runs)}"
        if selector.port in ("tool", "retrieval") and not _tools_at(domain, selector):
            yield f"{at}: {_why_no_tool(domain, selector)}"
        elif problem := _identity_problem(domain, selector):
            yield f"{at}: {problem}"
        injection = fault.options.get("injection")
        if isinstance(injection, str) and injection not in domain.injections:
            known = ", ".join(sorted(domain.injections)) or "none"
            where = located.where((*place, "options", "injection"))
            yield f"{where}: there is no injection {injection!r} in {domain.name}; known: {known}"


def _tools_at(domain: Domain, selector: Selector) -> list[str]:
    return [
        one.spec.name
        for one in domain.tools.values()
        if one.spec.port == selector.port and fnmatchcase(one.spec.name, selector.name)
    ]


def _identity_problem(domain: Domain, selector: Selector) -> str | None:
    """Say what is wrong with the identity in a selector of one tool; a pattern that begins with * may mean anything."""
    tool = domain.tools.get(selector.name)
    key, equals, _ = selector.identity.partition("=")
    if tool is None or "*" in key or (equals and key in tool.spec.identity):
        return None
    known = ", ".join(f"{name}=…" for name in tool.spec.identity)
    return (
        f"[{selector.identity}] names no identity of {selector.name}; it has: {known or 'none, leave the brackets out'}"
    )


def _why_no_tool(domain: Domain, selector: Selector) -> str:
    tool = domain.tools.get(selector.name)
    if tool is not None:
        return f"{tool.spec.name} is not at port {selector.port!r}; write {tool.spec.port}:{tool.spec.name}"
    known = ", ".join(sorted(f"{one.spec.port}:{one.spec.name}" for one in domain.tools.values()))
    return f"there is no {selector.port} {selector.name!r} in {domain.name}; known: {known}"


def _planting_problems(
    name: str, scenario: Scenario, domain: Domain, kinds: Mapping[str, FaultKind], located: Located
) -> Iterator[str]:
    """Plant every seed of a plan in a world of its own, which is thrown away: only the domain knows its vectors."""
    world = World(domain.fresh_state(), corpus=domain.corpus, history=History(lambda: 0.0), clock=lambda: 0.0)
    bed = SeedBed(world, domain.soil(next(iter(domain.tasks.values()), Task(id="none", ask="none"))), domain.catalogue)
    for index, fault in enumerate(scenario.faults[name].faults):
        kind = kinds.get(fault.kind)
        if not isinstance(kind, Seeding):
            continue
        try:
            kind.seed(kind.options.model_validate(fault.options), bed)
        except ValidationError:
            continue  # the options were complained of already
        except Exception as error:  # noqa: BLE001  # whatever a pack's code raises, the trial could not begin
            if isinstance(error, KeyError) and error.args and error.args[0] == fault.options.get("injection"):
                continue  # so was the injection
            told = error.args[0] if isinstance(error, KeyError) and error.args else f"{type(error).__name__}: {error}"
            place = located.where(("faults", name, "faults", index))
            yield f"{place}: {told}; {kind.name} can not be planted in {domain.name}"


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
            seed=scenario.seeds[number] if scenario.seeds else trial_seed(seed, domain.name, task_id, number),
            trial=number,
            runs=_runs(scenario),
            schedule=scenario.schedule,
            expect=scenario.expectation(name),
            expect_overall=scenario.overall_expectation(name),
        )
        for task_id in _pick(domain, scenario.tasks)
        for name, plan in scenario.plans().items()
        if any(fnmatchcase(task_id, pattern) for pattern in scenario.faults[name].tasks)
        for agent in (agents or scenario.agents)
        for number in range(len(scenario.seeds) or trials or scenario.trials)
    ]


def _runs(scenario: Scenario) -> tuple[RunSpec, ...]:
    return tuple(RunSpec(run_id=f"run-{index + 1}", start_s=at) for index, at in enumerate(scenario.starts_s))
