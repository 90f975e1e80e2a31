"""Clock skew: the wall clock jumps, timers do not.

Harm: deadlines kept as instants fire too early or never. Seen after a suspended machine or a bad time server. A good
agent finishes or halts with a summary; it never repeats an effect for it.
"""

from __future__ import annotations

from harness.boundary import Frozen, Simulation, SimulationFault, Undo


class ClockSkewOptions(Frozen):
    """``skew_s`` is added to what the wall clock reads; negative sets it back."""

    skew_s: float


def skew(options: ClockSkewOptions, simulation: Simulation) -> Undo:
    """Move the wall clock, and move it back at the end of the window."""
    simulation.skew(options.skew_s)
    return lambda: simulation.skew(-options.skew_s)


KINDS = (
    SimulationFault(
        "clock_skew",
        "clock_skew",
        ClockSkewOptions,
        skew,
        variants={"forwards": {"skew_s": 3600.0}, "backwards": {"skew_s": -3600.0}},
    ),
)
