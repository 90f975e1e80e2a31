"""Duplicate delivery: the same request arrives twice: at once, later, or when its run has long ended.

Harm: a naive backend applies it twice. Seen with at-least-once queues, proxies that retry, and double clicks. A good
agent sends an idempotency key with every write, so that the second arrival changes nothing.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from harness.boundary import CallFault, Exchange, Frozen, Reply


class DuplicateDeliveryOptions(Frozen):
    """``delay_s`` is how long after the original the copy is sent; 0 means right behind it.

    ``after_completion`` sends it when all runs of the trial have ended, whenever that is.
    """

    delay_s: Annotated[float, Field(ge=0)] = 0.0
    after_completion: bool = False

    @model_validator(mode="after")
    def _one_moment(self) -> Self:
        if self.after_completion and self.delay_s:
            msg = "a copy is sent after delay_s or after completion, not both"
            raise ValueError(msg)
        return self


async def deliver_twice(options: DuplicateDeliveryOptions, exchange: Exchange) -> Reply:
    """Deliver the call, and the same call again; the agent sees the reply to the original alone."""
    if options.after_completion:
        exchange.repeat_at_the_end()
    else:
        exchange.repeat_later(options.delay_s)
    return await exchange.proceed()


KINDS = (
    CallFault(
        "duplicate_delivery",
        "duplicate_delivery",
        DuplicateDeliveryOptions,
        ("tool", "memory", "agent"),
        deliver_twice,
        variants={
            "at once": {},
            "late": {"delay_s": 60.0},
            "after completion": {"after_completion": True},
        },
        effects=("write", "irreversible"),
    ),
)
