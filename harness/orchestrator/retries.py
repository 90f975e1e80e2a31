"""The one place that decides on another attempt, and how long to wait before it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from harness.boundary import Call, Reply
from harness.history import digest
from harness.orchestrator.policy import Policy


class Retries(Protocol):
    """Decides on another attempt."""

    def wait_s(self, call: Call, reply: Reply, attempt: int, *, read: bool) -> float | None:
        """Return the seconds to wait before the next attempt, or None when there shall be none."""

    def admits(self, call: Call) -> bool:
        """Whether a call may go out that may have been asked for before."""


def intent_of(call: Call) -> str:
    """Name what a call is meant to do: its key, or else what it says. Not the step: a turn more shifts nothing."""
    return call.idempotency_key or f"{call.name}:{digest(call.arguments)}"


class Backoff:
    """Exponential backoff with addressed jitter; a Retry-After is honoured to the second, never undercut.

    What fails is tried again by three layers: model calls, tool calls, and a planner that asks anew. They all draw on
    one budget, so that they add up and do not multiply.
    """

    def __init__(self, policy: Policy, chance: Callable[[str], float]) -> None:
        self._policy = policy.retry
        self._chance = chance
        self._left = self._policy.per_run
        self._given_up: set[str] = set()

    def admits(self, call: Call) -> bool:
        """Charge a call that was given up before; there is no other try when the budget is used up."""
        if intent_of(call) not in self._given_up:
            return True
        self._left -= 1
        return self._left >= 0

    def wait_s(self, call: Call, reply: Reply, attempt: int, *, read: bool) -> float | None:
        """Wait ``backoff_s * 2**(attempt-1)``, plus up to ``jitter`` of it, at most ``backoff_max_s``."""
        policy = self._policy
        worth_it = reply.retryable and reply.error_type in policy.retry_on
        worth_it |= read and reply.error_type in policy.retry_reads_on
        if not worth_it or attempt >= policy.max_attempts or self._left <= 0:
            self._given_up.add(intent_of(call))
            return None
        self._left -= 1
        backoff_s = min(policy.backoff_max_s, policy.backoff_s * 2.0 ** (attempt - 1))
        jitter = policy.jitter * self._chance(f"backoff/{call.port}:{call.name}/{intent_of(call)}/{attempt}")
        return max(backoff_s * (1 + jitter), reply.retry_after_s or 0.0)


class NoRetries:
    """Takes the first reply as it is."""

    def wait_s(self, _call: Call, _reply: Reply, _attempt: int, *, read: bool) -> float | None:  # noqa: ARG002
        """Return None."""
        return None

    def admits(self, _call: Call) -> bool:
        """Let every call out."""
        return True
