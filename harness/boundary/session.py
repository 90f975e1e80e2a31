"""What an agent under test is handed: one run's doors to the world, and nothing of the harness behind them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from harness.boundary.boundary import Send
from harness.boundary.calls import Catalogue, Principal
from harness.history import EventKind
from harness.simulation import Clock


class Emit(Protocol):
    """Records one event of a run's control flow."""

    def __call__(self, kind: EventKind, *, step: int | None = None, **fields: Any) -> object:
        """Record the event; ``fields`` are those of :class:`harness.history.Event`."""


@dataclass(frozen=True, slots=True)
class Session:
    """One run's view: who it is, what it may call, its clock, and addressed chance for its own jitter."""

    run_id: str
    principal: Principal
    catalogue: Catalogue
    send: Send
    clock: Clock
    emit: Emit
    chance: Callable[[str], float]
