"""What a model gets to read: the latest observations whole, the older ones shortened, under a limit of tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from harness.boundary import Session
from harness.orchestrator.policy import Policy
from harness.planners import Context, Observation, observe

TEXT_KEPT = 60
ITEMS_KEPT = 3


class Window(Protocol):
    """Chooses what a model reads of all that was observed."""

    def view(self, context: Context, step: int) -> Context:
        """Return the context to send."""


class SlidingWindow:
    """Keeps the last observations whole and shortens older ones, oldest first, until the limit is kept.

    What a shortened observation keeps is its request, its status, and the short values: a planner still knows what it
    has done and which identifiers it found. The run's own state is elsewhere; nothing of it depends on this view.
    """

    def __init__(self, policy: Policy, session: Session) -> None:
        self._policy = policy.context
        self._session = session
        self._short: dict[int, Observation] = {}

    def view(self, context: Context, step: int) -> Context:
        """Shorten as much as the limit demands; once shortened, an observation stays so."""
        before = len(self._short)
        seen = self._with_short(context.observations)
        tokens = msgspec.structs.replace(context, observations=seen).tokens
        for index in range(len(seen) - self._policy.window):
            if tokens <= self._policy.tokens_max:
                break
            short = self._short.setdefault(index, shortened(seen[index]))
            tokens -= seen[index].tokens - short.tokens
            seen[index] = short
        if len(self._short) > before:
            payload = {"shortened": len(self._short), "tokens": tokens}
            self._session.emit("context_compacted", step=step, payload=payload)
        return msgspec.structs.replace(context, observations=seen)

    def _with_short(self, observations: Sequence[Observation]) -> list[Observation]:
        return [self._short.get(index, one) for index, one in enumerate(observations)]


def shortened(observation: Observation) -> Observation:
    """Return the observation with long texts cut and long lists ended."""
    value = _short_value(observation.value)
    return observe(
        observation.request,
        observation.status,
        value,
        observation.error_type,
        observation.message,
        retryable=observation.retryable,
    )


def _short_value(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= TEXT_KEPT else f"{value[:TEXT_KEPT]}…"
    if isinstance(value, dict):
        return {key: _short_value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_short_value(item) for item in value[:ITEMS_KEPT]]
    return value


class NoWindow:
    """Shows everything, however long it has become."""

    def view(self, context: Context, _step: int) -> Context:
        """Return the context as it is."""
        return context
