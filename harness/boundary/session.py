"""What an agent under test is handed: one run's doors to the world, and nothing of the harness behind them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from harness.boundary.calls import Catalogue, Credential, LogState, Principal
from harness.boundary.deliveries import Send
from harness.errors import HarnessError
from harness.history import EventKind
from harness.simulation import Clock


class Emit(Protocol):
    """Records one event of a run's control flow."""

    def __call__(self, kind: EventKind, *, step: int | None = None, **fields: Any) -> object:
        """Record the event; ``fields`` are those of :class:`harness.history.Event`."""


def whole_budget(_at_s: float | None) -> float:
    """Leave the budget as it is."""
    return 1.0


def no_credentials(agent: str, tool: str, _ttl_s: float) -> Credential:
    """Refuse: nobody mints credentials here."""
    msg = f"{agent} wants a credential for {tool}, and this session has none to give; pass credential= to Session"
    raise HarnessError(msg)


@dataclass(frozen=True, slots=True)
class Session:
    """One run's view: who it is, what it may call, its clock, and addressed chance for its own jitter.

    ``credential`` takes the name of the acting agent, a tool and a time to live in seconds, and mints for the session's
    own principal alone. ``generation`` counts the lives of a run: 2 and up after a crash; ``log`` says what the crash
    has left of what the run had logged. ``budget_factor`` scales what the run may use up in all; it takes an instant
    (epoch seconds), None for the present, because it may change while the run goes on.
    """

    run_id: str
    principal: Principal
    catalogue: Catalogue
    send: Send
    clock: Clock
    emit: Emit
    chance: Callable[[str], float]
    credential: Callable[[str, str, float], Credential] = no_credentials
    generation: int = 1
    log: LogState = "kept"
    budget_factor: Callable[[float | None], float] = whole_budget
