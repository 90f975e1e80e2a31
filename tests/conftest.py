"""Fixtures that several rooms' tests share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from harness.boundary import FaultPlan, PlannedFault
from harness.campaign import RunSpec, TrialResult, TrialSpec, run_trial
from harness.content import AgentSpec

# The same examples at every run; how long one takes says more about the machine than about the product.
settings.register_profile("same", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("same")

SHOP = Path(__file__).parent / "projects" / "shop"
Play = Callable[..., TrialResult]


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a user's project that has a pack of its own, a small shop."""
    monkeypatch.chdir(SHOP)
    return SHOP


@pytest.fixture
def play(shop: Path) -> Play:
    """Return a function that plays one trial of the shop."""
    del shop

    def play(
        *faults: dict[str, Any],
        task: str = "refund_damaged",
        agent: str | dict[str, Any] = "reference",
        seed: int = 0,
        starts_s: tuple[float, ...] = (0.0,),
        domain: str = "shop",
    ) -> TrialResult:
        plan = FaultPlan(id="plan", faults=tuple(PlannedFault.model_validate(fault) for fault in faults))
        spec = TrialSpec(
            scenario="test",
            domain=domain,
            task_id=task,
            agent=AgentSpec.model_validate(agent),
            plan=plan,
            seed=seed,
            trial=0,
            runs=tuple(RunSpec(run_id=f"run-{index + 1}", start_s=at) for index, at in enumerate(starts_s)),
        )
        return run_trial(spec)

    return play
