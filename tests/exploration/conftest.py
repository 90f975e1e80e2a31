"""Explorations of the shop, which several tests look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

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
# Nor all swarms.
SWARMS = 60
Explore = Callable[..., Exploration]


@pytest.fixture
def few() -> dict[str, FaultKind]:
    """Return some kinds of each type."""
    return {name: all_fault_kinds()[name] for name in FEW}


@cache
def _explored(agent: str, depth: int, budget: int | None, jobs: int, kinds: tuple[str, ...]) -> Exploration:
    some = {name: kind for name, kind in all_fault_kinds().items() if name in kinds}
    bases = bases_of(TASK, [AgentSpec.model_validate_json(agent)])
    with workers(jobs) as spread:
        return explore(bases, Memory(spread).play, some, depth=depth, budget=budget, swarms=SWARMS)


@pytest.fixture
def explore_shop(shop: object) -> Explore:
    """Return a function that explores one task of the shop; each exploration is made once, for all tests to look at."""
    del shop

    def explored(
        agent: AgentSpec = REFERENCE,
        *,
        depth: int = 1,
        budget: int | None = None,
        jobs: int = 1,
        kinds: Iterable[str] = FEW,
    ) -> Exploration:
        return _explored(agent.model_dump_json(), depth, budget, jobs, tuple(kinds))

    return explored
