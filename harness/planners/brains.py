"""Planners by name: what each is made of, and what it can be told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from harness.boundary import argument_problems
from harness.content import Injection, Reference
from harness.errors import AgentError
from harness.planners.decisions import Brain, Planner
from harness.planners.gullible import gullible
from harness.planners.replayed import Replayed, ReplayOptions, read_recording
from harness.planners.roles import with_roles
from harness.planners.scripted import scripted
from harness.planners.simulated import simulated
from harness.planners.simulated_options import SimulatedOptions
from harness.planners.weak import do_nothing, read_everything, write_everything, wrong_entity

OptionsT = TypeVar("OptionsT", bound=BaseModel)

WEAK: Mapping[str, Callable[[Reference], Planner]] = {
    "do_nothing": do_nothing,
    "read_everything": read_everything,
    "write_everything": write_everything,
    "wrong_entity": wrong_entity,
}
PLANNERS = ("scripted", "gullible", *WEAK, "simulated", "replay", "chat")


def make_brain(
    planner: str,
    reference: Reference,
    injections: Mapping[str, Injection],
    options: Mapping[str, Any] | None = None,
    *,
    seed: int = 0,
    run_id: str = "run-1",
) -> Brain:
    """Return a brain for all roles, whose planner has that name; raises AgentError as :func:`check_planner` does.

    ``seed`` is what a simulated planner draws its errors from; each run gets a brain of its own.
    """
    check_planner(planner, options or {})
    if planner == "simulated":
        chosen = simulated(reference, _read("simulated", SimulatedOptions, options), seed=seed, run_id=run_id)
    elif planner == "gullible":
        chosen = gullible(reference, injections)
    else:
        chosen = WEAK.get(planner, scripted)(reference)
    brain = with_roles(chosen, reference)
    if planner == "replay":
        return Replayed(read_recording(_read("replay", ReplayOptions, options), run_id), brain)
    return brain


def check_planner(planner: str, options: Mapping[str, Any]) -> None:
    """Raise AgentError when there is no such planner, or it can not be told ``options``; nothing is run."""
    if planner not in PLANNERS:
        msg = f"there is no planner {planner!r}; known: {', '.join(PLANNERS)}"
        raise AgentError(msg)
    if planner == "chat":
        msg = "the planner 'chat' needs a network, which no simulated trial has; "
        raise AgentError(msg + "give harness.planners.ChatModel to an Orchestrator on the wall clock")
    if planner == "simulated":
        _read(planner, SimulatedOptions, options)
    elif planner == "replay":
        read_recording(_read(planner, ReplayOptions, options), "")
    elif options:
        raise AgentError(f"the planner {planner!r} takes no options, not {', '.join(sorted(options))}")


def _read(planner: str, model: type[OptionsT], options: Mapping[str, Any] | None) -> OptionsT:
    try:
        return model.model_validate(dict(options or {}))
    except ValidationError as error:
        known = ", ".join(model.model_fields)
        msg = f"planner_options of {planner!r}: {argument_problems(error)}; known: {known}"
        raise AgentError(msg) from error
