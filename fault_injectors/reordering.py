"""Reordered replies: the answer to an earlier question arrives behind the answer to a later one.

Harm: who takes answers in the order in which they come mixes up what they are about; who has given up and asked again
gets two. Seen with connections that are shared, queues without order, and retries that overtake what they repeat. A
good agent knows each answer by its own call, and asks again with the same idempotency key.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from harness.boundary import CallFault, Exchange, Frozen, Reply


class ReorderedRepliesOptions(Frozen):
    """``patience_s`` is how long a reply is held back at most, for a later one to overtake it."""

    patience_s: Annotated[float, Field(gt=0)] = 60.0


async def hold_back(options: ReorderedRepliesOptions, exchange: Exchange) -> Reply:
    """Carry the call out, and hold its reply back until a later call of the run has been answered."""
    reply = await exchange.proceed()
    await exchange.overtaken(options.patience_s)
    return reply


KINDS = (
    CallFault(
        "reordered_replies",
        "delivery",
        ReorderedRepliesOptions,
        ("tool", "retrieval", "memory"),
        hold_back,
        variants={"reordered replies": {}},
    ),
)
