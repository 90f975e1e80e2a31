"""What faults may do behind the tools of one trial: to clocks, keys, places, and to what runs may spend."""

from __future__ import annotations

from collections.abc import Callable

from harness.boundary import Delivery, Reply
from harness.simulation import VirtualClock
from harness.world import Services, World

Replica = Callable[[Delivery], Reply]


class TrialBackstage:
    """The hands that faults have; ``replica`` answers calls from the world as it was when the trial began."""

    def __init__(self, world: World, services: Services, clock: VirtualClock, replica: Replica) -> None:
        self._world = world
        self._services = services
        self._clock = clock
        self._replica = replica
        self._budget_factor = 1.0

    def now(self) -> float:
        """Return what the wall clock reads, as epoch seconds."""
        return self._clock.now()

    def skew(self, seconds: float) -> None:
        """Move what the wall clock reads."""
        self._clock.skew(seconds)

    def forget_keys(self, tool: str) -> None:
        """Let a tool lose its memory of idempotency keys."""
        self._world.ledger.forget_keys(tool)

    def replicate(self, delivery: Delivery) -> Reply:
        """Answer a call from the world as it was when the trial began."""
        return self._replica(delivery)

    def leave_places(self, tool: str, places: int | None) -> None:
        """Let others occupy the tools that ``tool`` (a glob) names, all but ``places``; None: they go."""
        self._services.leave_places(tool, places)

    def scale_budgets(self, factor: float) -> None:
        """Scale by ``factor`` what every run may use up in all."""
        self._budget_factor *= factor

    def budget_factor(self) -> float:
        """Return by how much budgets are scaled at present."""
        return self._budget_factor
