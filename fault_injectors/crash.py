"""Crashes: the agent's process dies in the middle of a call, and is started again.

Harm: whatever was only in memory is gone, and nobody knows whether the last call took effect; who starts from nothing
does everything twice. Seen with every deployment, eviction and lack of memory; a log whose last line was half written
is what power cuts and full disks leave. A good agent logs before it acts, goes on where its log can be read, and
repeats whatever may be open with the same idempotency key.
"""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field

from harness.boundary import CallFault, Exchange, Frozen, LogState, Port, Reply


class CrashOptions(Frozen):
    """``at`` says whether the call was carried out by then, ``log`` what is left of what the run had logged.

    A ``torn`` log lacks its last line, which can not be read any more.
    """

    at: Literal["before", "after"] = "after"
    restart_after_s: Annotated[float, Field(ge=0)] = 5.0
    log: LogState = "kept"


async def die(options: CrashOptions, exchange: Exchange) -> Reply:
    """Kill the run before or after the effect of its call, and start it again; no reply ever arrives."""
    if options.at == "after":
        await exchange.proceed()
    exchange.crash(options.restart_after_s, log=options.log)
    return await exchange.hang()


KINDS = (
    CallFault(
        "crash",
        "process",
        CrashOptions,
        get_args(Port),
        die,
        variants={
            "killed before": {"at": "before"},
            "killed after": {"at": "after"},
            "log lost": {"at": "after", "log": "lost"},
            "checkpoint corrupted": {"at": "after", "log": "torn"},
        },
    ),
)
