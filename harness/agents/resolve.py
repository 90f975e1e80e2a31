"""From the name of an agent to something that can run."""

from __future__ import annotations

import importlib
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
        if spec.planner not in PLANNERS:
            msg = f"agent {spec.name!r}: there is no planner {spec.planner!r}; known: {', '.join(PLANNERS)}"
            raise AgentError(msg)
        return Orchestrator(parts=parts_without(spec.without)).run
    if ":" not in spec.agent:
        msg = f"there is no agent {spec.agent!r}; known: {', '.join(BUILT_IN)}, or name a function as module:attribute"
        raise AgentError(msg)
    function = check_function(_load(spec.agent), spec.agent)
    return lambda ask, session: run_function(function, ask, session)


def _load(name: str) -> object:
    module_name, _, attribute = name.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        msg = f"agent {name!r}: module {module_name!r} does not import: {type(error).__name__}: {error}"
        raise AgentError(msg) from error
    try:
        found: object = getattr(module, attribute)
    except AttributeError as error:
        msg = f"agent {name!r}: {module.__file__} has no {attribute!r}"
        raise AgentError(msg) from error
    return found
