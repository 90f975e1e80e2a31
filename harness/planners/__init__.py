"""Brains: what decides the next call, given only what the agent has seen.

No planner reads the fault plan or what a task expects; the scripted ones read the task's reference.
"""

from harness.planners.brains import PLANNERS, WEAK, ModelService, make_brain
from harness.planners.decisions import Brain, Context, Decision, Observation, ToolRequest, observe
from harness.planners.weak import names_an_entity

__all__ = [
    "PLANNERS",
    "WEAK",
    "Brain",
    "Context",
    "Decision",
    "ModelService",
    "Observation",
    "ToolRequest",
    "make_brain",
    "names_an_entity",
    "observe",
]
