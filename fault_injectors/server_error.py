"""Transient server errors: 500, 502, 503, 504 before any effect.

Harm: runs that give up on a hiccup, or retry without end on an outage. Seen at every deployment of a dependency. A good
agent retries a few times with backoff, opens a breaker when it lasts, and then says what it could not do.
"""

from __future__ import annotations

from typing import Literal

from harness.boundary import CallFault, Exchange, Frozen, Reply, failed


class ServerErrorOptions(Frozen):
    """``status`` is the HTTP status of the answer."""

    status: Literal[500, 502, 503, 504] = 503


async def fail(options: ServerErrorOptions, exchange: Exchange) -> Reply:
    """Answer with the error; nothing has happened."""
    return await exchange.turn_away(failed("transient_upstream", f"{options.status} from upstream"))


KINDS = (CallFault("server_error", "server_error", ServerErrorOptions, ("tool", "retrieval", "model"), fail),)
