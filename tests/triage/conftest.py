"""Trials of the shop that part from one another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.boundary import FaultPlan, PlannedFault
from harness.campaign import TrialSpec, make_manifest, run_campaign, run_trial
from harness.content import AgentSpec
from harness.history import Event
from harness.store import write_manifest

SCRIPTED = AgentSpec(name="desk")
LOST = {"kind": "timeout", "at": "tool:issue_refund", "options": {"effect": "after"}}
REFUSED = {"kind": "http_error", "at": "tool:get_order", "when": {"nth": 1}}

Store = Callable[..., Path]


def trial(*faults: dict[str, Any], agent: AgentSpec = SCRIPTED, seed: int = 1, number: int = 0) -> TrialSpec:
    """Return a trial of the shop's refund."""
    plan = FaultPlan(id="hurt" if faults else "clean", faults=tuple(PlannedFault.model_validate(one) for one in faults))
    return TrialSpec(
        scenario="shop", domain="shop", task_id="refund_damaged", agent=agent, plan=plan, seed=seed, trial=number
    )


def like(**changes: Any) -> AgentSpec:
    """Return the scripted agent with something else."""
    return AgentSpec(**({name: getattr(SCRIPTED, name) for name in AgentSpec.model_fields} | changes))


def events_of(*faults: dict[str, Any], **changes: Any) -> list[Event]:
    """Play a trial and return its history."""
    return list(run_trial(trial(*faults, agent=like(**changes))).record.events)


@pytest.fixture
def store(tmp_path: Path, shop: object) -> Store:
    """Return a function that plays trials into a folder."""
    del shop

    def stored(name: str, *specs: TrialSpec) -> Path:
        folder = tmp_path / name
        run_campaign(specs, folder)
        write_manifest(folder, make_manifest(specs, command="harness run shop", seed=0))
        return folder

    return stored
