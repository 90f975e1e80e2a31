"""Cost surges: the model says the same, and takes far more tokens for it.

Harm: a run that costs ten times what it did, and a tenant whose month is over on the third. Seen when a model thinks
aloud after an update, with other tokenizers, and with long system prompts that a gateway adds. A good agent caps the
tokens of every call, reserves the worst case before it asks, and ends with a summary when the budget is used up.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from pydantic import Field

from harness.boundary import CallFault, Exchange, Frozen, Reply, Usage, Variants


class CostSurgeOptions(Frozen):
    """``factor`` is by how much the output tokens grow, up to the cap that the caller has set."""

    factor: Annotated[float, Field(gt=1)] = 20.0


async def surge(options: CostSurgeOptions, exchange: Exchange) -> Reply:
    """Let the model answer, and bill it for more output, at the mean price of its tokens."""
    reply = await exchange.proceed()
    if reply.usage is None or reply.usage.tokens_out == 0:
        return reply
    surged = _surged(reply.usage, options.factor, exchange.call.arguments.get("tokens_out_max"))
    return msgspec.structs.replace(reply, usage=surged)


def _surged(usage: Usage, factor: float, tokens_out_max: int | None) -> Usage:
    tokens_out = round(usage.tokens_out * factor)
    if tokens_out_max is not None:
        tokens_out = max(usage.tokens_out, min(tokens_out, tokens_out_max))
    growth = (usage.tokens_in + tokens_out) / (usage.tokens_in + usage.tokens_out)
    cost_usd = None if usage.cost_usd is None else usage.cost_usd * growth
    return Usage(usage.tokens_in, tokens_out, cost_usd)


VARIANTS: Variants = {"cost surge": {"factor": 20.0}}

KINDS = (CallFault("cost_surge", "cost", CostSurgeOptions, ("model",), surge, VARIANTS, lasting=True),)
