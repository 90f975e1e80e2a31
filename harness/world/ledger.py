"""The effect ledger: what really happened to the world, whatever any agent was told; and the key store beside it."""

from __future__ import annotations

from typing import Any

import msgspec
from pydantic import BaseModel, ConfigDict, ValidationError

from harness.boundary import Call, Catalogue, Delivery, Principal, Reply, argument_problems, failed, succeeded
from harness.history import History
from harness.simulation import draw

KEY_TTL_S = 86_400.0
LOOK_UP_LATENCY_S = 0.05


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


class Answer(msgspec.Struct, frozen=True):
    """What the key store keeps of the first call with a key, up to ``expires_s`` on the trial's clock."""

    arguments: dict[str, Any]
    value: Any
    expires_s: float


class Ledger:
    """Commits effects, and remembers answers by idempotency key for ``key_ttl_s`` seconds.

    A key belongs to one tool and one principal; an equal key of another one is another key. ``incomplete`` are the
    tools that know that they have lost keys.
    """

    def __init__(self, history: History, key_ttl_s: float = KEY_TTL_S) -> None:
        self._history = history
        self._key_ttl_s = key_ttl_s
        self._answers: dict[tuple[str, Principal, str | None], Answer] = {}
        self.effects: list[Effect] = []
        self.incomplete: set[str] = set()

    def answer_of(self, tool: str, principal: Principal, key: str | None) -> Answer | None:
        """Return what was answered to the first call with this key; None for none, an unknown one, or one too old."""
        answer = self._answers.get((tool, principal, key))
        return answer if answer is not None and self._history.now() <= answer.expires_s else None

    def answer_again(self, delivery: Delivery) -> Reply | None:
        """Return the reply to a call whose key is known, so that nothing is to be applied; None for any other."""
        call = delivery.call
        known = self.answer_of(call.name, call.principal, call.idempotency_key)
        if known is None:
            return None
        if known.arguments != call.arguments:
            return failed("conflict", "this idempotency key was used with other arguments; nothing was applied")
        self._record("effect_deduplicated", delivery, {"idempotency_key": call.idempotency_key})
        return succeeded({**known.value, "already_applied": True} if isinstance(known.value, dict) else known.value)

    def forget_keys(self, tool: str, key: str | None = None) -> None:
        """Lose one key of a tool, None: every key, which the tool notices."""
        if key is None:
            self.incomplete.add(tool)
        gone = [one for one in self._answers if one[0] == tool and key in (None, one[2])]
        for one in gone:
            del self._answers[one]

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
        self._remember(call, value)
        payload = {
            "identity": effect.identity,
            "arguments": effect.arguments,
            "idempotency_key": effect.idempotency_key,
            "copy": effect.copy,
            "irreversible": irreversible,
        }
        self._record("effect_committed", delivery, payload)

    def _remember(self, call: Call, value: Any) -> None:
        if call.idempotency_key is not None:
            expires_s = self._history.now() + self._key_ttl_s
            self._answers[call.name, call.principal, call.idempotency_key] = Answer(call.arguments, value, expires_s)

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


class LookUp(BaseModel):
    """The arguments of a look-up at the key store."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    idempotency_key: str


class StoreService:
    """Answers look-ups at the key store: whether a call with a key was applied, and what was answered to it.

    A tool that has lost keys says of one that it does not know that its memory is not ``complete``.
    """

    def __init__(self, ledger: Ledger, in_reach: Catalogue, seed: int) -> None:
        self._ledger = ledger
        self._tools = in_reach
        self._seed = seed

    def latency_s(self, delivery: Delivery) -> float:
        """Between half and one and a half times the mean, drawn by address."""
        return LOOK_UP_LATENCY_S * (0.5 + draw(self._seed, "latency", delivery.address))

    def answer(self, delivery: Delivery) -> Reply:
        """Look the key of one tool up, as the call's principal used it."""
        call = delivery.call
        if call.name not in self._tools:
            return failed("not_found", f"there is no tool {call.name!r}; known: {', '.join(sorted(self._tools))}")
        try:
            key = LookUp.model_validate(call.arguments).idempotency_key
        except ValidationError as error:
            return failed("validation", argument_problems(error))
        known = self._ledger.answer_of(call.name, call.principal, key)
        found: dict[str, Any] = {"applied": known is not None, "value": known.value if known else None}
        if known is not None:
            found["arguments"] = known.arguments
        if known is None and call.name in self._ledger.incomplete:
            found["complete"] = False
        return succeeded(found)
