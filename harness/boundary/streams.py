"""Answers that come in parts: how a whole one is taken apart, and how the parts become one reply again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from harness.boundary.calls import ErrorType, Reply, failed
from harness.history import canonical_json

Sleep = Callable[[float], Awaitable[None]]


def streamed(reply: Reply, parts: int, first_delay_s: float = 0.0) -> Reply:
    """Return an ok reply as a stream of at most ``parts`` pieces of its text, the first of them after a delay."""
    text = canonical_json(reply.value).decode()
    length = -(-len(text) // parts)
    pieces = [text[at : at + length] for at in range(0, len(text), length)]
    delays = (first_delay_s, *[0.0] * len(pieces))
    return msgspec.structs.replace(reply, value=None, parts=tuple(zip(delays, pieces, strict=False)))


async def played(reply: Reply, first_timeout_s: float, idle_timeout_s: float, sleep: Sleep) -> Reply:
    """Wait for the parts of a reply and return it as one that has a value, or has failed; others are returned as are.

    A stream that does not begin, or go on, in time, that ends without its end mark or can not be read, is no answer;
    what it consumed stays in ``usage``.
    """
    if not reply.parts:
        return reply
    timeout_s, text = first_timeout_s, ""
    for delay_s, part in reply.parts:
        if delay_s > timeout_s:
            return await _given_up(reply, timeout_s, sleep)
        await sleep(delay_s)
        timeout_s, text = idle_timeout_s, text + part
    if reply.ending == "stalled":
        return await _given_up(reply, timeout_s, sleep)
    if reply.ending == "cut":
        return _broken(reply, "transient_upstream", "the stream ended without its end mark")
    try:
        return msgspec.structs.replace(reply, value=value_of(reply), parts=())
    except msgspec.DecodeError as error:
        return _broken(reply, "transient_upstream", f"the stream can not be read: {error}")


def value_of(reply: Reply) -> Any:
    """Return what all parts say together; raises msgspec.DecodeError when that is no JSON."""
    return msgspec.json.decode("".join(part for _, part in reply.parts))


async def _given_up(reply: Reply, timeout_s: float, sleep: Sleep) -> Reply:
    await sleep(timeout_s)
    return _broken(reply, "timeout", f"the stream stood still for {timeout_s:g} s")


def _broken(reply: Reply, error_type: ErrorType, message: str) -> Reply:
    return msgspec.structs.replace(failed(error_type, message), usage=reply.usage)
