"""HTTP errors: an answer with a status that says no, before any effect.

Harm: runs that give up on a hiccup, that retry at once and make a rate limit worse, that retry what can never work, or
that read a proxy's page as if the tool had spoken. Seen at every deployment of a dependency (5xx), with every hosted
model (429, 529, quotas), and when a token expires or a tool is taken away in the middle of a run. A good agent waits at
least the Retry-After, in whichever form it comes, else backs off with jitter; it retries a few times, opens a breaker
when it lasts, asks for no thing twice that was refused for good, and then says what it could not do.
"""

from __future__ import annotations

import asyncio
import math
from email.utils import formatdate
from typing import Annotated, Literal

from pydantic import Field

from harness.boundary import CallFault, Exchange, Frozen, HttpBody, Reply, Variants, http_body, http_refusal
from harness.simulation import EPOCH_S

_TOO_MANY_REQUESTS = 429
_SERVER_ERRORS_FROM = 500


class HttpErrorOptions(Frozen):
    """``status`` and ``body`` are those of the answer; ``code`` stands in a JSON body, for machines.

    ``retry_after_s`` is what the header asks to wait, written as seconds or as a date on the server's clock, in whole
    seconds then; None sends no header.
    """

    status: Annotated[int, Field(ge=400, le=599)] = 503
    retry_after_s: Annotated[float, Field(gt=0)] | None = None
    retry_after_as: Literal["seconds", "date"] = "seconds"
    body: HttpBody = "json"
    code: str = ""


def family(options: HttpErrorOptions) -> str:
    """Tell waiting rooms, broken servers and broken requests apart."""
    if options.status == _TOO_MANY_REQUESTS:
        return "rate_limit"
    return "server_error" if options.status >= _SERVER_ERRORS_FROM else "client_error"


async def refuse(options: HttpErrorOptions, exchange: Exchange) -> Reply:
    """Turn the call away with an HTTP status; the caller sees what a transport makes of it."""
    body = http_body(options.status, options.body, options.code)
    return await exchange.turn_away(http_refusal(options.status, _retry_after(options), body, exchange.now()))


def _retry_after(options: HttpErrorOptions) -> str | None:
    if options.retry_after_s is None:
        return None
    if options.retry_after_as == "seconds":
        return str(options.retry_after_s)
    # The server's clock is right; the caller's may be skewed.
    server_s = EPOCH_S + asyncio.get_running_loop().time()
    return formatdate(math.ceil(server_s + options.retry_after_s), usegmt=True)


VARIANTS: Variants = {
    "429 with Retry-After": {"status": 429, "retry_after_s": 7.0},
    "429 without Retry-After": {"status": 429},
    "Retry-After as a date": {"status": 429, "retry_after_s": 7.0, "retry_after_as": "date"},
    "quota": {"status": 429, "code": "insufficient_quota"},
    "5xx": {"status": 503},
    "529": {"status": 529},
    "HTML error page": {"status": 502, "body": "html"},
    "4xx": {"status": 400},
    "auth expiry mid-run": {"status": 401},
    "not found": {"status": 404},
    "tool removed": {"status": 410},
}
PORTS = ("tool", "retrieval", "memory", "store", "model", "user")

KINDS = (CallFault("http_error", family, HttpErrorOptions, PORTS, refuse, VARIANTS, lasting=True),)
