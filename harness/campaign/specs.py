"""What one trial is: plain data that any process can run, and whose digest is its name."""

from __future__ import annotations

from functools import cached_property

from harness.boundary import FaultPlan, Frozen
from harness.content import AgentSpec
from harness.history import digest
from harness.simulation import derive_seed


class RunSpec(Frozen):
    """One run of a trial; ``start_s`` is seconds after the trial begins."""

    run_id: str = "run-1"
    start_s: float = 0.0


class TrialSpec(Frozen):
    """One world, one fault plan, one seed, and the runs in it."""

    scenario: str
    domain: str
    task_id: str
    agent: AgentSpec
    plan: FaultPlan
    seed: int
    trial: int
    runs: tuple[RunSpec, ...] = (RunSpec(),)

    @cached_property
    def trial_id(self) -> str:
        """Twelve hex digits of the digest of everything above."""
        return digest(self.model_dump(mode="json"))[:12]


def trial_seed(campaign_seed: int, domain: str, task_id: str, trial: int) -> int:
    """Derive a trial's seed; agents and fault plans do not enter, so that arms and twins share their draws."""
    return derive_seed(campaign_seed, domain, task_id, str(trial))
