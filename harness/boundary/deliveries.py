"""A call on its way to the other side, and what may befall it and its caller there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import msgspec

from harness.boundary.calls import Call, LogState, Principal, Reply

# A refusal is no faster than the network; answers in no time would let a retry loop spin at one instant.
ROUND_TRIP_S = 0.05


class Delivery(msgspec.Struct, frozen=True):
    """A call as it arrives at the other side; ``copy`` is 1 for the original, 2 and up for repeats."""

    call: Call
    address: str
    identity: dict[str, Any]
    copy: int = 1


class Crash(msgspec.Struct, frozen=True):
    """How a run that is killed comes back: after how long, and with what is left of its log."""

    restart_after_s: float
    log: LogState


class Backstage(Protocol):
    """What faults may do behind the tools."""

    def forget_keys(self, tool: str, key: str | None = None) -> None:
        """Let a tool lose its memory of idempotency keys, or of one of them."""

    def revoke(self, tool: str, principal: Principal) -> None:
        """Let a tool refuse a principal from now on."""

    def foreign(self, thing: str, principal: Principal) -> str | None:
        """Return a row like ``thing`` that belongs to another tenant; None where there is none."""

    def replicate(self, delivery: Delivery) -> Reply:
        """Answer a call from the world as it was when the trial began."""

    def now(self) -> float:
        """Return what the wall clock reads, as epoch seconds."""


Deliver = Callable[[Delivery], Awaitable[Reply]]
Send = Callable[[Call], Awaitable[Reply]]
Kill = Callable[[Crash], None]
