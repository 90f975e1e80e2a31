"""Broken connections: nobody can be reached, or the line goes dead before the answer.

Harm: a caller that takes a reset for a no repeats what was done. Seen with every restart, eviction, full backlog and
idle connection that a proxy has closed. A good agent tells the two apart: what never connected had no effect and may go
out again; after a reset nobody knows, so it repeats a write with the same idempotency key, or looks the effect up.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

from pydantic import Field

from harness.boundary import CallFault, Exchange, Frozen, Reply, Variants, failed


class ConnectionOptions(Frozen):
    """``how`` says when it breaks; ``effect`` whether a call was carried out before the reset.

    ``connect_timeout_s`` is how long a caller tries to connect to what does not answer.
    """

    how: Literal["refused", "timeout", "reset"] = "refused"
    effect: Literal["before", "after"] = "before"
    connect_timeout_s: Annotated[float, Field(gt=0)] = 5.0


async def break_off(options: ConnectionOptions, exchange: Exchange) -> Reply:
    """Refuse the connection, let it time out, or reset it while the call is under way."""
    if options.how == "refused":
        return await exchange.turn_away(failed("unavailable", "connection refused"))
    if options.how == "timeout":
        await asyncio.sleep(options.connect_timeout_s)
        return failed("unavailable", f"no connection within {options.connect_timeout_s:g} s")
    if options.effect == "after":
        await exchange.proceed()
    return await exchange.turn_away(_reset())


def _reset() -> Reply:
    return Reply("unknown", None, "transient_upstream", "connection reset by peer", retryable=True)


VARIANTS: Variants = {
    "connection refused": {"how": "refused"},
    "connect timeout": {"how": "timeout"},
    "reset": {"how": "reset"},
    "reset after the effect": {"how": "reset", "effect": "after"},
}
PORTS = ("tool", "retrieval", "memory", "store", "model", "user")

KINDS = (CallFault("connection", "connection", ConnectionOptions, PORTS, break_off, VARIANTS, lasting=True),)
