"""The effect ledger: what really happened to the world, whatever any agent was told."""

from __future__ import annotations

from typing import Any

import msgspec

from harness.boundary import Delivery
from harness.history import History


class Effect(msgspec.Struct, frozen=True):
    """One committed effect of a write.

    ``copy`` is 1 when the original delivery committed it, and more for a repeated delivery.
    """

    tool: str
    identity: dict[str, Any]
    arguments: dict[str, Any]
    idempotency_key: str | None
    run_id: str
    address: str
    copy: int
    time_s: float


class Ledger:
    """Commits effects, and remembers replies by idempotency key (kept for the whole trial)."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._answers: dict[tuple[str, str], tuple[dict[str, Any], Any]] = {}
        self.effects: list[Effect] = []

    def earlier_answer(self, delivery: Delivery) -> tuple[dict[str, Any], Any] | None:
        """Return the arguments and the value of the call that first used this key with this tool."""
        key = delivery.call.idempotency_key
        return None if key is None else self._answers.get((delivery.call.name, key))

    def commit(self, delivery: Delivery, value: Any, *, irreversible: bool) -> None:
        """Record an effect that has just been applied."""
        call = delivery.call
        effect = Effect(
            call.name,
            delivery.identity,
            call.arguments,
            call.idempotency_key,
            call.run_id,
            delivery.address,
            delivery.copy,
            self._history.now(),
        )
        self.effects.append(effect)
        if call.idempotency_key is not None:
            self._answers[(call.name, call.idempotency_key)] = (call.arguments, value)
        payload = {
            "identity": effect.identity,
            "arguments": effect.arguments,
            "idempotency_key": effect.idempotency_key,
            "copy": effect.copy,
            "irreversible": irreversible,
        }
        self._record("effect_committed", delivery, payload)

    def deduplicate(self, delivery: Delivery) -> None:
        """Record that a key was seen before, so that nothing was applied."""
        self._record("effect_deduplicated", delivery, {"idempotency_key": delivery.call.idempotency_key})

    def _record(self, kind: Any, delivery: Delivery, payload: dict[str, Any]) -> None:
        call = delivery.call
        self._history.append(
            kind,
            run_id=call.run_id,
            step=call.step,
            port=call.port,
            name=call.name,
            address=delivery.address,
            payload=payload,
        )
