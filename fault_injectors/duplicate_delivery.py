"""Duplicate delivery: the same request arrives twice, at once or later.

Harm: a naive backend applies it twice. Seen with at-least-once queues, proxies that retry, and double clicks. A good
agent sends an idempotency key with every write, so that the second arrival changes nothing.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from harness.boundary import CallFault, Exchange, Frozen, Reply


class DuplicateDeliveryOptions(Frozen):
    """``delay_s`` is how long after the original the copy is sent; 0 means right behind it."""

    delay_s: Annotated[float, Field(ge=0)] = 0.0


async def deliver_twice(options: DuplicateDeliveryOptions, exchange: Exchange) -> Reply:
    """Deliver the call, and the same call again; the agent sees the reply to the original alone."""
    exchange.repeat_later(options.delay_s)
    return await exchange.proceed()


KINDS = (CallFault("duplicate_delivery", "duplicate_delivery", DuplicateDeliveryOptions, ("tool",), deliver_twice),)
