"""From the name of an agent to something that can run."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from harness.agents.function import check_function, run_function
from harness.boundary import Session
from harness.content import AgentSpec, Ask
from harness.errors import AgentError
from harness.orchestrator import Orchestrator, parts_without
from harness.planners import PLANNERS

RunAgent = Callable[[Ask, Session], Awaitable[object]]

BUILT_IN = ("reference",)


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
    return lambda ask, session: run_function(function, ask, session)


def _reference(spec: AgentSpec) -> RunAgent:
    problems = []
    if spec.planner not in PLANNERS:
        problems.append(f"agent {spec.name!r}: there is no planner {spec.planner!r}; known: {', '.join(PLANNERS)}")
    parts = parts_without(())
    try:
        parts = parts_without(spec.without)
    except AgentError as error:
        problems.append(str(error))
    if problems:
        raise AgentError("; also: ".join(problems))
    return Orchestrator(parts=parts).run


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
