"""Stale answers: what was true once, told as if it were true now.

Harm: a decision on a state that is gone: a second refund because the first does not show yet. Seen with caches keyed
too coarsely, replicas that lag, and gateways that cache model answers. A good agent reads again what it has just
written before it builds on it, and lets the tool that writes check the state for itself.
"""

from __future__ import annotations

from typing import Literal

from harness.boundary import CallFault, Exchange, Frozen, Reply, Variants, succeeded


class StaleAnswerOptions(Frozen):
    """``source``: a cache gives the last answer again, whatever was asked; a replica has heard of nothing yet."""

    source: Literal["cache", "replica"] = "cache"


async def answer_from_the_past(options: StaleAnswerOptions, exchange: Exchange) -> Reply:
    """Answer with the last answer of this tool or model, or as a replica would; the call itself never arrives."""
    if options.source == "replica" and exchange.call.port != "model":
        return await exchange.replicate()
    earlier = exchange.earlier()
    if not earlier:
        return await exchange.proceed()  # there is nothing in the cache yet
    return await exchange.turn_away(succeeded(earlier[-1]))


VARIANTS: Variants = {"stale cached answer": {"source": "cache"}, "stale": {"source": "replica"}}
PORTS = ("tool", "retrieval", "model")

KINDS = (
    CallFault(
        "stale_answer",
        "stale",
        StaleAnswerOptions,
        PORTS,
        answer_from_the_past,
        VARIANTS,
        effects=("read",),
        misleads=True,
    ),
)
