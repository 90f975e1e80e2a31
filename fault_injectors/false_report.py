"""False reports: a tool that writes says the opposite of what it did.

Harm: an effect that nobody makes, or one that is made twice, because the report was believed. Seen when a queue accepts
what it never processes, when a step behind the commit throws, and when a gateway's timeout is passed on as an error. A
good agent asks the tool for the idempotency key before it repeats what is said to have failed, and before it tells
anybody that it has. That nothing happened behind a plausible ok, it can see only by reading the state again: no reply
tells it.
"""

from __future__ import annotations

from typing import Literal

from harness.boundary import CallFault, Exchange, Frozen, Reply, Variants, http_body, http_refusal, succeeded

STATUS = 500


class FalseReportOptions(Frozen):
    """``says``: done, where nothing happened; or failed, where the effect is there."""

    says: Literal["done", "failed"] = "done"


async def lie(options: FalseReportOptions, exchange: Exchange) -> Reply:
    """Report what did not happen as done, or what happened as failed."""
    if options.says == "failed":
        reply = await exchange.proceed()
        return http_refusal(STATUS, None, http_body(STATUS, "json"), exchange.now()) if reply.ok else reply
    reply = await exchange.replicate()
    return reply if reply.ok else succeeded({"status": "accepted"})


VARIANTS: Variants = {"silent no-op": {"says": "done"}, "false failure": {"says": "failed"}}

KINDS = (
    CallFault(
        "false_report",
        "false_report",
        FalseReportOptions,
        ("tool",),
        lie,
        VARIANTS,
        effects=("write", "irreversible"),
        misleads=lambda options: options.says == "done",
    ),
)
