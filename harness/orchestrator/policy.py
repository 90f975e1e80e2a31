"""The rules of the control round a planner, as data."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from harness.boundary import ErrorType, Frozen

Seconds = Annotated[float, Field(gt=0)]


class RetryPolicy(Frozen):
    """Which failures are worth another attempt, how often, and how long to wait before it."""

    max_attempts: Annotated[int, Field(ge=1)] = 4
    backoff_s: Seconds = 1.0
    backoff_max_s: Seconds = 30.0
    jitter: Annotated[float, Field(ge=0, le=1)] = 0.2
    retry_on: frozenset[ErrorType] = frozenset({"timeout", "rate_limit", "transient_upstream", "unavailable"})


class BreakerPolicy(Frozen):
    """After how many failures in a row a tool is left alone, and for how long."""

    threshold: Annotated[int, Field(ge=1)] = 5
    cooldown_s: Seconds = 30.0


class Policy(Frozen):
    """Everything that the reference orchestrator can be told; ``allowlist`` None allows what is in reach."""

    model: str = "planner"
    model_timeout_s: Seconds = 20.0
    tool_timeout_s: Seconds = 10.0
    approval_ttl_s: Seconds = 900.0
    retry: RetryPolicy = RetryPolicy()
    breaker: BreakerPolicy = BreakerPolicy()
    allowlist: frozenset[str] | None = None
