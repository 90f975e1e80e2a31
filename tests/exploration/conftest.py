"""Explorations of the shop, which several tests look at."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.boundary import FaultKind
from harness.campaign import workers
from harness.content import AgentSpec, all_fault_kinds
from harness.exploration import Exploration, Memory, bases_of, explore

REFERENCE = AgentSpec(name="reference")
WITHOUT_KEYS = AgentSpec(name="without_keys", without=("idempotency_keys",))
TASK = "shop/refund_damaged"
# What is tried need not be all that there is: how it is tried is the same for every kind.
FEW = (
    "timeout",
    "duplicate_delivery",
    "crash",
    "malformed_output",
    "key_store_loss",
    "clock_skew",
    "poisoned_document",
)
Explore = Callable[..., Exploration]


@pytest.fixture
def few() -> dict[str, FaultKind]:
    """Return some kinds of each type."""
    return {name: all_fault_kinds()[name] for name in FEW}


@pytest.fixture
def explore_shop(few: dict[str, FaultKind], shop: object) -> Explore:
    """Return a function that explores one task of the shop."""
    del shop

    def explored(
        agent: AgentSpec = REFERENCE,
        *,
        depth: int = 1,
        budget: int | None = None,
        jobs: int = 1,
        kinds: dict[str, FaultKind] = few,
    ) -> Exploration:
        with workers(jobs) as spread:
            return explore(bases_of(TASK, [agent]), Memory(spread).play, kinds, depth=depth, budget=budget)

    return explored
