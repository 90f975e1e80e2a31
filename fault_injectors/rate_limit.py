"""Rate limits: 429, with or without a Retry-After.

Harm: who retries at once makes it worse, and burns steps and budget. Seen with every hosted model and most APIs. A good
agent waits at least the Retry-After, else backs off with jitter, and does not count it as an effect.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from harness.boundary import CallFault, Exchange, Frozen, Reply, failed


class RateLimitOptions(Frozen):
    """``retry_after_s`` is what the header says; None sends none."""

    retry_after_s: Annotated[float, Field(gt=0)] | None = None


async def refuse(options: RateLimitOptions, exchange: Exchange) -> Reply:
    """Turn the call away before it has any effect."""
    return await exchange.turn_away(failed("rate_limit", "429 too many requests", retry_after_s=options.retry_after_s))


KINDS = (CallFault("rate_limit", "rate_limit", RateLimitOptions, ("tool", "retrieval", "model"), refuse),)
