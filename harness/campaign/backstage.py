"""What faults may do behind the tools of one trial: to clocks, keys, rights, places, and to what runs may spend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.boundary import Delivery, Principal, Reply
from harness.history import History
from harness.simulation import VirtualClock
from harness.world import Services, World, foreign_row

Replica = Callable[[Delivery], Reply]


class TrialBackstage:
    """The hands that faults have; ``replica`` answers calls from the world as it was when the trial began."""

    def __init__(
        self,
        world: World,
        services: Services,
        clock: VirtualClock,
        history: History,
        snapshot: Callable[[Any], Any],
        replica: Replica,
    ) -> None:
        """``snapshot`` makes plain data of the world's state."""
        self._world = world
        self._services = services
        self._clock = clock
        self._history = history
        self._snapshot = snapshot
        self._replica = replica
        self._budget_factors = [(0.0, 1.0)]

    def now(self) -> float:
        """Return what the wall clock reads, as epoch seconds."""
        return self._clock.now()

    def skew(self, seconds: float) -> None:
        """Move what the wall clock reads."""
        self._clock.skew(seconds)

    def forget_keys(self, tool: str, key: str | None = None) -> None:
        """Let a tool lose its memory of idempotency keys, or of one of them."""
        self._world.ledger.forget_keys(tool, key)

    def revoke(self, tool: str, principal: Principal) -> None:
        """Let a tool refuse a principal from now on."""
        self._world.revoked.add((tool, principal))

    def foreign(self, thing: str, principal: Principal) -> str | None:
        """Return a row like ``thing`` that belongs to another tenant; None where there is none."""
        return foreign_row(self._snapshot(self._world.state), thing, principal.tenant)

    def replicate(self, delivery: Delivery) -> Reply:
        """Answer a call from the world as it was when the trial began."""
        return self._replica(delivery)

    def leave_places(self, tool: str, places: int | None) -> None:
        """Let others occupy the tools that ``tool`` (a glob) names, all but ``places``; None: they go."""
        self._services.leave_places(tool, places)

    def scale_budgets(self, factor: float) -> None:
        """Scale by ``factor`` what every run may use up in all."""
        scaled = self.budget_factor() * factor
        self._budget_factors.append((self._clock.now(), scaled))
        self._history.append("budgets_scaled", payload={"factor": scaled})

    def budget_factor(self, at_s: float | None = None) -> float:
        """Return by how much budgets are scaled, at an instant (epoch seconds) or now."""
        known = [factor for since_s, factor in self._budget_factors if at_s is None or since_s <= at_s]
        return known[-1]
