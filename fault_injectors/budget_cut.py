"""Budget cuts: while runs are under way, they may use up less than they were promised.

Harm: a run that has planned with its whole budget overspends, or stops in the middle of what can not be left half done.
Seen when a quota is lowered, a price goes up, or somebody saves money at noon. A good agent looks at what it has left
before each step, and ends with an account of what is done and what is not.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from harness.boundary import Frozen, Simulation, SimulationFault, Undo


class BudgetCutOptions(Frozen):
    """``factor`` is what is left of steps, calls, tokens and money in all; what is used up already counts."""

    factor: Annotated[float, Field(gt=0, lt=1)] = 0.25


def cut(options: BudgetCutOptions, simulation: Simulation) -> Undo:
    """Scale what every run may use up, and restore it at the end of the window."""
    simulation.scale_budgets(options.factor)
    return lambda: simulation.scale_budgets(1 / options.factor)


KINDS = (SimulationFault("budget_cut", "process", BudgetCutOptions, cut, variants={"budget cut": {}}),)
