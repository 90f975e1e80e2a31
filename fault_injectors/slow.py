"""Latency: the answer is right, and late.

Harm: steps that wait on each other add up, deadlines pass, and an impatient caller repeats what is still under way.
Seen under load, on cold starts, with long queues. A good agent has a timeout for every call, cut to what is left of the
run, and repeats a write with the same idempotency key.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from harness.boundary import CallFault, Exchange, Frozen, Reply, Variants


class SlowOptions(Frozen):
    """``delay_s`` is how long the call is held up on its way; for a caller with less patience it still arrives."""

    delay_s: Annotated[float, Field(gt=0)]


async def delay(options: SlowOptions, exchange: Exchange) -> Reply:
    """Hold the call up, then deliver it, whether anybody still waits for the answer or not."""
    return await exchange.proceed_after(options.delay_s)


VARIANTS: Variants = {"slow": {"delay_s": 4.0}, "slower than patience": {"delay_s": 20.0}}
PORTS = ("tool", "retrieval", "memory", "store", "model", "approval", "user")

KINDS = (CallFault("slow", "latency", SlowOptions, PORTS, delay, VARIANTS, lasting=True),)
