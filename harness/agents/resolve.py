"""From the name of an agent to something that can run."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Awaitable, Callable
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import msgspec
from pydantic import ValidationError

from harness.agents.function import check_function, run_function
from harness.boundary import Session, argument_problems
from harness.content import AgentSpec, Ask
from harness.errors import AgentError
from harness.history import canonical_json
from harness.orchestrator import Orchestrator, Parts, Policy, parts_without, rules_of
from harness.planners import Prices, check_planner

T = TypeVar("T")
RunAgent = Callable[[Ask, Session], Awaitable[object]]

BUILT_IN = ("reference",)
POLICIES_KEPT = 64


def resolve(spec: AgentSpec) -> RunAgent:
    """Return the runner of an agent; raises AgentError for a name, planner or part that does not exist."""
    if spec.agent in BUILT_IN:
        return _reference(spec)
    if ":" not in spec.agent:
        msg = f"there is no agent {spec.agent!r}; known: {', '.join(BUILT_IN)}, or name a function as module:attribute"
        raise AgentError(msg)
    function = check_function(_load(spec.agent), spec.agent)
    try:
        inspect.signature(function).bind("ask", "tools")
    except TypeError as error:
        msg = f"agent {spec.agent!r} can not be called as agent(ask, tools): {error}; take both by position"
        raise AgentError(msg) from error
    check_planner(spec.planner, spec.planner_options)
    return lambda ask, session: run_function(function, ask, session)


def prices_of(spec: AgentSpec) -> Prices:
    """Return the price table that an agent's policy gives its models."""
    return Prices(_policy(spec).models.prices if spec.agent in BUILT_IN else {})


def _reference(spec: AgentSpec) -> RunAgent:
    """Build the reference orchestrator; raises AgentError with everything that is wrong with its spec."""
    problems: list[str] = []
    policy = _checked(problems, lambda: _policy(spec)) or Policy()
    parts = _checked(problems, lambda: parts_without(spec.without, _parts(spec))) or Parts()
    _checked(problems, lambda: check_planner(spec.planner, spec.planner_options))
    if problems:
        raise AgentError("; also: ".join(f"agent {spec.name!r}: {one}" for one in problems))
    return Orchestrator(policy, parts).run


def _checked(problems: list[str], build: Callable[[], T]) -> T | None:
    try:
        return build()
    except AgentError as error:
        problems.append(str(error))
        return None


def _policy(spec: AgentSpec) -> Policy:
    return _policy_of(canonical_json(spec.policy))


@lru_cache(POLICIES_KEPT)
def _policy_of(text: bytes) -> Policy:
    """Return the policy that a JSON text says; the many trials of one agent share it."""
    try:
        policy = Policy.model_validate(msgspec.json.decode(text))
    except ValidationError as error:
        raise AgentError(f"policy: {argument_problems(error)}") from error
    rules_of(policy.rules)
    models = policy.models
    # Here, and not in a trial: the list of prices is large, and a model without a price is a mistake of the scenario.
    Prices(models.prices).check((*models.planner, *models.synthesis, *models.critique, *models.classification))
    return policy


def _parts(spec: AgentSpec) -> Parts:
    if spec.parts is None:
        return Parts()
    found = _load(spec.parts)
    if not isinstance(found, Parts):
        raise AgentError(f"{spec.parts!r} is a {type(found).__name__}, not harness.orchestrator.Parts")
    return found


def _load(name: str) -> object:
    module_name, _, attribute = name.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        msg = f"agent {name!r}: module {module_name!r} does not import: {type(error).__name__}: {error}"
        raise AgentError(msg) from error
    try:
        found: object = getattr(module, attribute)
    except AttributeError as error:
        where = getattr(module, "__file__", None) or f"module {module_name}"
        msg = f"agent {name!r}: {where} has no {attribute!r}"
        raise AgentError(msg) from error
    return found
