"""Broken streams: the model begins to speak, and does not come to a proper end.

Harm: half an answer is taken for a whole one, or a run waits for ever on an open connection. Seen with every streaming
endpoint: long queues before the first token, proxies that cut idle connections, servers that die in the middle, chunks
that are no JSON. A good agent has one timeout for the first part and one between parts, takes no stream for an answer
that lacks its end mark, asks again, and counts what the broken answer has cost.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from pydantic import Field

from harness.boundary import CallFault, Exchange, Frozen, Reply, StreamEnding, Variants, streamed

PARTS = 4


class BrokenStreamOptions(Frozen):
    """``share`` of the answer arrives, the first part after ``first_delay_s``, and then the stream ends in its way.

    With ``malformed``, the last part that arrives is no JSON.
    """

    ending: StreamEnding = "complete"
    share: Annotated[float, Field(ge=0, le=1)] = 1.0
    first_delay_s: Annotated[float, Field(ge=0)] = 0.0
    malformed: bool = False


async def stream(options: BrokenStreamOptions, exchange: Exchange) -> Reply:
    """Let the model answer in parts, and break the stream; all that the model said is paid for."""
    reply = await exchange.proceed()
    if reply.value is None:
        return reply  # there was no answer, or it is a stream already
    whole = streamed(reply, PARTS, options.first_delay_s)
    parts = whole.parts[: max(1, round(options.share * len(whole.parts)))]
    if options.malformed:
        delay_s, text = parts[-1]
        parts = (*parts[:-1], (delay_s, f"{text[: len(text) // 2]}\x00"))
    return msgspec.structs.replace(whole, parts=parts, ending=options.ending)


VARIANTS: Variants = {
    "slow first token": {"first_delay_s": 15.0},
    "stall": {"ending": "stalled", "share": 0.5},
    "cut": {"ending": "cut", "share": 0.5},
    "missing finish reason": {"ending": "cut"},
    "malformed chunk": {"malformed": True},
}

KINDS = (CallFault("broken_stream", "model_stream", BrokenStreamOptions, ("model",), stream, VARIANTS),)
