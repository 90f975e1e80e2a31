"""Brains: what decides the next call, given only what the agent has seen.

No planner reads the fault plan or what a task expects; the scripted ones read the task's reference. One brain answers
for all roles of a run. In a trial it speaks through ``ModelService``, at the price and the pace of a model; outside of
one, ``ChatModel`` asks a real model over the network.
"""

from typing import TYPE_CHECKING, Any

from harness.planners.brains import PLANNERS, WEAK, check_planner, make_brain
from harness.planners.decisions import (
    CONTRACTS,
    Brain,
    Classification,
    Context,
    Contract,
    Critique,
    Decision,
    Observation,
    Planner,
    Role,
    Synthesis,
    ToolRequest,
    observe,
)
from harness.planners.mix_ups import with_another_thing, with_another_value
from harness.planners.model_service import ModelService
from harness.planners.prices import SIMULATED_MODELS, Prices
from harness.planners.simulated_options import VERSIONS, SimulatedOptions
from harness.planners.weak import names_an_entity

if TYPE_CHECKING:
    from harness.planners.chat import ChatModel

__all__ = [
    "CONTRACTS",
    "PLANNERS",
    "SIMULATED_MODELS",
    "VERSIONS",
    "WEAK",
    "Brain",
    "ChatModel",
    "Classification",
    "Context",
    "Contract",
    "Critique",
    "Decision",
    "ModelService",
    "Observation",
    "Planner",
    "Prices",
    "Role",
    "SimulatedOptions",
    "Synthesis",
    "ToolRequest",
    "check_planner",
    "make_brain",
    "names_an_entity",
    "observe",
    "with_another_thing",
    "with_another_value",
]


def __getattr__(name: str) -> Any:
    """Import the only part that needs an HTTP library when it is asked for."""
    if name == "ChatModel":
        from harness.planners.chat import ChatModel  # noqa: PLC0415

        return ChatModel
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
