"""What one trial is: plain data that any process can run, and whose digest is its name."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from pydantic import BaseModel, Field, field_serializer

from harness.boundary import FaultPlan, Frozen
from harness.content import AgentSpec, Expectation, Quantities
from harness.history import digest
from harness.simulation import Schedule, derive_seed

Family = tuple[str, str, str, str, int, int]


class RunSpec(Frozen):
    """One run of a trial; ``start_s`` is seconds after the trial begins."""

    run_id: str = "run-1"
    start_s: float = 0.0


class Branch(Frozen):
    """Another seed from the moment on at which the history holds so many ``events``."""

    events: int
    seed: int


def _is_none(value: object) -> bool:
    return value is None


def _is_fifo(schedule: Schedule) -> bool:
    return schedule == "fifo"


class TrialSpec(Frozen):
    """One world, one fault plan, one seed, and the runs in it; with what is expected, it can be judged again.

    ``schedule`` says whether the seed decides the order of what is due at the same instant.
    ``branch`` lets the trial go on by other chances from some event on.
    ``expect_overall`` is about all trials of the same scenario, agent and fault plan.
    """

    scenario: str
    domain: str
    task_id: str
    agent: AgentSpec
    plan: FaultPlan
    seed: int
    trial: int
    runs: tuple[RunSpec, ...] = (RunSpec(),)
    # What a spec does not ask for is not in its digest, so that trials keep their names when specs learn to say more.
    schedule: Schedule = Field(default="fifo", exclude_if=_is_fifo)
    branch: Branch | None = Field(default=None, exclude_if=_is_none)
    expect: Expectation | None = Field(default=None, exclude_if=_is_none)
    expect_overall: Quantities | None = Field(default=None, exclude_if=_is_none)

    @field_serializer("expect")
    def _as_given(self, expect: Expectation) -> dict[str, Any]:
        return _given(expect)

    @field_serializer("expect_overall")
    def _each_as_given(self, expect: Quantities) -> dict[str, Any]:
        return {name: _given(comparer) for name, comparer in expect.items()}

    @cached_property
    def trial_id(self) -> str:
        """Twelve hex digits of the digest of everything above."""
        return digest(self.model_dump(mode="json"))[:12]

    @property
    def family(self) -> Family:
        """What a trial and its fault-free twin have in common: all but the fault plan."""
        return self.scenario, self.domain, self.task_id, self.agent.name, self.seed, self.trial

    def under(self, plan: FaultPlan) -> TrialSpec:
        """Return the same trial under another fault plan."""
        return self._with(plan=plan)

    def with_runs(self, runs: tuple[RunSpec, ...]) -> TrialSpec:
        """Return the same trial with other runs."""
        return self._with(runs=runs)

    def branched(self, events: int, seed: int) -> TrialSpec:
        """Return the same trial up to so many events, and with other chances behind them."""
        return self._with(branch=Branch(events=events, seed=seed))

    def numbered(self, trial: int, campaign_seed: int) -> TrialSpec:
        """Return the trial of another number in the same campaign, with the seed that belongs to it."""
        return self._with(trial=trial, seed=trial_seed(campaign_seed, self.domain, self.task_id, trial))

    def _with(self, **update: Any) -> TrialSpec:
        # Not ``model_copy``: it would take along the name that this one has worked out.
        return TrialSpec(**{name: getattr(self, name) for name in TrialSpec.model_fields} | update)


def _given(model: BaseModel) -> dict[str, Any]:
    # A comparer knows its comparison by the keys that were set.
    return model.model_dump(mode="json", exclude_unset=True)


def trial_seed(campaign_seed: int, domain: str, task_id: str, trial: int) -> int:
    """Derive a trial's seed; agents and fault plans do not enter, so that arms and twins share their draws."""
    return derive_seed(campaign_seed, domain, task_id, str(trial))
