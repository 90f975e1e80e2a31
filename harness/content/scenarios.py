"""Scenarios: which golden tasks, which fault plans, which agents, how often."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from harness.boundary import FaultPlan, Frozen, PlannedFault
from harness.content.expectations import Expectation, Quantities
from harness.content.fields import Name, Text
from harness.content.profiles import Profile
from harness.simulation import Schedule
from harness.world import ApproverName


def _is_empty(value: Any) -> bool:
    # What a spec does not say is not in its digest, so that a trial keeps its name when specs learn to say more.
    return not value


class WorkerSpec(Frozen):
    """A narrow agent to which another one can hand work: what it is for, and the only tools that it has."""

    description: str
    tools: Annotated[tuple[str, ...], Field(min_length=1)]
    policy: dict[str, Any] = Field(default_factory=dict)


class AgentSpec(Frozen):
    """One deployment under test: an agent, the planner that drives it, and the person behind its approvals.

    ``agent`` is a built-in name or ``module:attribute``; ``parts`` names, as ``module:attribute``, the parts that the
    reference orchestrator is made of, and ``without`` those that are left out; ``policy`` overrides its policy and
    ``planner_options`` are the planner's own, both checked when the agent is found. ``reviewers`` is how many people
    approve at one time; None means that nobody has to wait for one. ``workers`` are agents that it can hand work to,
    each through a tool ``hand_to_<name>``. An agent for ``contrast`` shows the other side: it has to fall short of what
    the scenario expects.
    """

    name: Name
    agent: str = "reference"
    planner: str = "scripted"
    planner_options: dict[str, Any] = Field(default_factory=dict, exclude_if=_is_empty)
    policy: dict[str, Any] = Field(default_factory=dict, exclude_if=_is_empty)
    without: tuple[str, ...] = ()
    parts: str | None = Field(default=None, exclude_if=_is_empty)
    workers: dict[Name, WorkerSpec] = Field(default_factory=dict, exclude_if=_is_empty)
    contrast: bool = Field(default=False, exclude_if=_is_empty)
    approver: ApproverName = "careful"
    reviewers: Annotated[int, Field(ge=1)] | None = Field(default=None, exclude_if=_is_empty)

    @model_validator(mode="before")
    @classmethod
    def _bare_name(cls, value: Any) -> Any:
        return {"name": value, "agent": value} if isinstance(value, str) else value

    def as_worker(self, name: str) -> AgentSpec:
        """Return one of the workers as an agent: built like this one, under a policy of its own."""
        policy = {**self.workers[name].policy, "agent": name}
        return self.model_copy(update={"name": name, "policy": policy, "workers": {}})


class PlanSpec(Frozen):
    """A fault plan of a scenario, for all of its tasks or for those that ``tasks`` (globs) picks.

    ``profile`` names a bundle of faults that come before its own. What it expects stands in the place of the scenario's
    expectation as a whole.
    """

    profile: str | None = None
    faults: tuple[PlannedFault, ...] = ()
    tasks: Annotated[tuple[str, ...], Field(min_length=1)] = ("*",)
    expect: Expectation | None = None
    expect_overall: Quantities | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare_list(cls, value: Any) -> Any:
        return {"faults": value} if isinstance(value, list | tuple) else value

    def filled(self, profiles: Mapping[str, Profile]) -> PlanSpec:
        """Return the plan with the faults of its profile written out."""
        if self.profile is None:
            return self
        return self.model_copy(update={"profile": None, "faults": (*profiles[self.profile].faults, *self.faults)})


class Scenario(Frozen):
    """Golden tasks of one domain, crossed with agents, fault plans and trials.

    ``starts_s`` gives the start of each run of a trial; two starts mean two runs of the task in one world.
    ``schedule`` says in which order happens what is due at the same instant: ``fifo``, as it was asked for, or
    ``seeded``, as the trial's seed decides; then answers come at half seconds, so that there is something to decide.
    ``seeds`` are those of the trials, where they shall not be derived from the campaign's; then they say how many there
    are. ``signature`` tells how the trial failed for which the scenario was written, in the words of scoring.
    ``expect`` says when a trial is as it should be, ``expect_overall`` what the means of metrics over all trials of one
    agent and one fault plan should be.
    """

    scenario: Name
    domain: str
    description: str = ""
    tasks: Annotated[tuple[str, ...], Field(min_length=1)] = ("*",)
    agents: Annotated[tuple[AgentSpec, ...], Field(min_length=1)] = (AgentSpec(name="reference"),)
    faults: Annotated[dict[Name, PlanSpec], Field(min_length=1)] = Field(default_factory=lambda: {"clean": PlanSpec()})
    trials: Annotated[int, Field(ge=1)] = 1
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = ()
    signature: tuple[Text, ...] = ()
    starts_s: Annotated[tuple[Annotated[float, Field(ge=0)], ...], Field(min_length=1)] = (0.0,)
    schedule: Schedule = "fifo"
    expect: Expectation | None = None
    expect_overall: Quantities | None = None

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

    def expectation(self, plan: str) -> Expectation | None:
        """Return what is expected of each trial under a fault plan."""
        own = self.faults[plan].expect
        return self.expect if own is None else own

    def overall_expectation(self, plan: str) -> Quantities | None:
        """Return what is expected of the means over all trials of one agent under a fault plan."""
        own = self.faults[plan].expect_overall
        return self.expect_overall if own is None else own
