"""Brains: what decides the next call, given only what the agent has seen.

No planner reads the fault plan or what a task expects; the scripted ones read the task's reference.
"""

from harness.planners.bindings import Unbound, bind
from harness.planners.brains import PLANNERS, WEAK, ModelService, make_brain
from harness.planners.decisions import Brain, Context, Decision, Observation, ToolRequest, observe

__all__ = [
    "PLANNERS",
    "WEAK",
    "Brain",
    "Context",
    "Decision",
    "ModelService",
    "Observation",
    "ToolRequest",
    "Unbound",
    "bind",
    "make_brain",
    "observe",
]
