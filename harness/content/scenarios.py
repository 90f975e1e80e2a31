"""Scenarios: which golden tasks, which fault plans, which agents, how often."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from harness.boundary import FaultPlan, Frozen, PlannedFault
from harness.content.fields import Name
from harness.world import ApproverName


class AgentSpec(Frozen):
    """One deployment under test: an agent, the planner that drives it, and the person behind its approvals.

    ``agent`` is a built-in name or ``module:attribute``; ``without`` names parts of the reference orchestrator that
    are left out.
    """

    name: Name
    agent: str = "reference"
    planner: str = "scripted"
    without: tuple[str, ...] = ()
    approver: ApproverName = "careful"

    @model_validator(mode="before")
    @classmethod
    def _bare_name(cls, value: Any) -> Any:
        return {"name": value, "agent": value} if isinstance(value, str) else value


class PlanSpec(Frozen):
    """A fault plan of a scenario, for all of its tasks or for those that ``tasks`` (globs) picks."""

    faults: tuple[PlannedFault, ...] = ()
    tasks: Annotated[tuple[str, ...], Field(min_length=1)] = ("*",)

    @model_validator(mode="before")
    @classmethod
    def _bare_list(cls, value: Any) -> Any:
        return {"faults": value} if isinstance(value, list | tuple) else value


class Scenario(Frozen):
    """Golden tasks of one domain, crossed with agents, fault plans and trials.

    ``starts_s`` gives the start of each run of a trial; two starts mean two runs of the task in one world.
    """

    scenario: Name
    domain: str
    description: str = ""
    tasks: Annotated[tuple[str, ...], Field(min_length=1)] = ("*",)
    agents: Annotated[tuple[AgentSpec, ...], Field(min_length=1)] = (AgentSpec(name="reference"),)
    faults: Annotated[dict[Name, PlanSpec], Field(min_length=1)] = Field(default_factory=lambda: {"clean": PlanSpec()})
    trials: Annotated[int, Field(ge=1)] = 1
    starts_s: Annotated[tuple[Annotated[float, Field(ge=0)], ...], Field(min_length=1)] = (0.0,)

    @field_validator("agents")
    @classmethod
    def _names_differ(cls, agents: tuple[AgentSpec, ...]) -> tuple[AgentSpec, ...]:
        names = [agent.name for agent in agents]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            msg = f"two agents have the same name: {', '.join(twice)}"
            raise ValueError(msg)
        return agents

    def plans(self) -> dict[str, FaultPlan]:
        """Return the fault plans by name."""
        return {name: FaultPlan(id=name, faults=spec.faults) for name, spec in self.faults.items()}
