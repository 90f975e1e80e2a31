"""The agent under test, whatever it is made of: each kind of agent has one door here.

An agent is given what was asked and a session; all that it does goes through that session.
"""

from harness.agents.function import CallFailed, FunctionAgent, ModelFailed, Toolbox, ToolFailed
from harness.agents.resolve import BUILT_IN, RunAgent, prices_of, resolve

__all__ = [
    "BUILT_IN",
    "CallFailed",
    "FunctionAgent",
    "ModelFailed",
    "RunAgent",
    "ToolFailed",
    "Toolbox",
    "prices_of",
    "resolve",
]
