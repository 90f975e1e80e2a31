"""What a run may reach for, and how long it may take: decided before it begins."""

from __future__ import annotations

from typing import Literal

from harness.boundary import Catalogue
from harness.orchestrator.policy import Policy

RunMode = Literal["synchronous", "queued"]


def allowed_tools(policy: Policy, catalogue: Catalogue) -> Catalogue:
    """Return the tools on the allowlist; what a planner may not use it does not even see."""
    return {name: spec for name, spec in catalogue.items() if policy.allowlist is None or name in policy.allowlist}


def run_mode(policy: Policy, catalogue: Catalogue) -> RunMode:
    """Queue a run that may have to wait for a person; all others are answered while their user waits."""
    if policy.mode != "auto":
        return policy.mode
    waits = any(spec.effect == "irreversible" for spec in catalogue.values())
    return "queued" if waits else "synchronous"
