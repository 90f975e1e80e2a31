"""The one place that decides on another attempt, and how long to wait before it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from harness.boundary import Call, Reply
from harness.history import digest
from harness.orchestrator.policy import RetryPolicy


class Retries(Protocol):
    """Decides on another attempt."""

    def wait_s(self, call: Call, reply: Reply, attempt: int) -> float | None:
        """Return the seconds to wait before the next attempt, or None when there shall be none."""


class Backoff:
    """Exponential backoff with addressed jitter; a Retry-After is honoured to the second, never undercut."""

    def __init__(self, policy: RetryPolicy, chance: Callable[[str], float]) -> None:
        self._policy = policy
        self._chance = chance

    def wait_s(self, call: Call, reply: Reply, attempt: int) -> float | None:
        """Wait ``backoff_s * 2**(attempt-1)``, plus up to ``jitter`` of it, at most ``backoff_max_s``."""
        policy = self._policy
        if attempt >= policy.max_attempts or reply.error_type not in policy.retry_on:
            return None
        backoff_s = min(policy.backoff_max_s, policy.backoff_s * 2.0 ** (attempt - 1))
        jitter = policy.jitter * self._chance(f"backoff/{call.port}:{call.name}/{_intent(call)}/{attempt}")
        return max(backoff_s * (1 + jitter), reply.retry_after_s or 0.0)


def _intent(call: Call) -> str:
    # Not the step: one more turn elsewhere must not shift this draw.
    return call.idempotency_key or digest(call.arguments)


class NoRetries:
    """Takes the first reply as it is."""

    def wait_s(self, _call: Call, _reply: Reply, _attempt: int) -> float | None:
        """Return None."""
        return None
