"""Timeouts: nobody answers in time, before the effect or after it.

Harm: a write whose acknowledgement is lost looks exactly like one that never arrived; who repeats it blindly pays
twice. Seen wherever a network lies between an agent and a tool. A good agent repeats a write with the same idempotency
key, or looks the effect up.
"""

from __future__ import annotations

from typing import Literal

from harness.boundary import CallFault, Exchange, Frozen, Reply, Variants


class TimeoutOptions(Frozen):
    """``effect`` says whether the call never arrived, or was carried out and its acknowledgement lost."""

    effect: Literal["before", "after"] = "before"


async def hang(options: TimeoutOptions, exchange: Exchange) -> Reply:
    """Answer nothing until the caller gives up; both variants look the same to it."""
    if options.effect == "after":
        await exchange.proceed()
    return await exchange.hang()


# Whether a caller without a timeout would hang, or its own timeout strikes, is the caller's affair: the fault is one.
VARIANTS: Variants = {
    "timeout before the effect": {"effect": "before"},
    "hang": {"effect": "before"},
    "timeout after the effect": {"effect": "after"},
    "read timeout": {"effect": "after"},
}
PORTS = ("tool", "retrieval", "memory", "store", "model", "user", "agent")

KINDS = (CallFault("timeout", "timeout", TimeoutOptions, PORTS, hang, VARIANTS, lasting=True),)
