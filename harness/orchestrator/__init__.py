"""The reference orchestrator: deterministic control round a planner that can not be relied on.

It works in and outside of the simulation: time, chance and every call come in through a ``Session``. Each part does
one job and can be swapped (``Parts``), so that a scenario can show what happens without it.
"""

from harness.orchestrator.orchestrator import Orchestrator, Outcome, TerminalState
from harness.orchestrator.parts import WITHOUT, Parts, parts_without
from harness.orchestrator.policy import BreakerPolicy, Policy, RetryPolicy

__all__ = [
    "WITHOUT",
    "BreakerPolicy",
    "Orchestrator",
    "Outcome",
    "Parts",
    "Policy",
    "RetryPolicy",
    "TerminalState",
    "parts_without",
]
