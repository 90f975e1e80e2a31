"""Errors inside an ok: the status says 200, and the body says that it went wrong.

Harm: an error is read as a result, summed up for the user, or taken for a write that was done. Seen with gateways that
wrap whatever they get, GraphQL, tools that return their exceptions as text, and proxies with pages of their own. A good
agent checks the shape of every result before it builds on it; what a tool says of a write, it can look up.
"""

from __future__ import annotations

import msgspec

from harness.boundary import CallFault, Exchange, Frozen, HttpBody, Reply, Variants, http_body, succeeded

STATUS = 503


class ErrorInsideOkOptions(Frozen):
    """``body`` is how the error is written; the words of a model that has no other way to say it are its answer."""

    body: HttpBody = "json"


async def wrap(options: ErrorInsideOkOptions, exchange: Exchange) -> Reply:
    """Answer ok, with an error in the place of the value; the call has no effect."""
    body = http_body(STATUS, options.body)
    value = msgspec.json.decode(body) if options.body == "json" else body.decode()
    if exchange.call.port == "model" and options.body == "text":
        value = {"answer": f"Error: {value}"}
    return await exchange.turn_away(succeeded(value))


VARIANTS: Variants = {
    "error text inside a 200": {"body": "text"},
    "error object inside a 200": {"body": "json"},
    "HTML page inside a 200": {"body": "html"},
}
PORTS = ("tool", "retrieval", "memory", "store", "model")

KINDS = (CallFault("error_inside_ok", "error_inside_ok", ErrorInsideOkOptions, PORTS, wrap, VARIANTS, lasting=True),)
