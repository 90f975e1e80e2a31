"""Idempotency keys that do not name what is intended: too new, too old, too wide, too narrow, or not there at all."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

import msgspec

from benchmarks.defects.caught import Caught
from harness.boundary import Call, Reply, Session, ToolSpec
from harness.orchestrator import Parts, Policy, parts_without
from harness.orchestrator.carrier import Carrier
from harness.orchestrator.identity import ScopedIdentity
from harness.orchestrator.keys import IntentKeys
from harness.planners import ToolRequest

no_keys = parts_without(["idempotency_keys"])


class _KeyForEveryAttempt(ScopedIdentity):
    """Numbers whatever goes out."""

    def __init__(self, policy: Policy, session: Session) -> None:
        super().__init__(policy, session)
        self._numbers = count(1)

    def sign(self, call: Call) -> Call:
        signed = super().sign(call)
        if signed.idempotency_key is None:
            return signed
        return msgspec.structs.replace(signed, idempotency_key=f"{call.idempotency_key}#{next(self._numbers)}")


key_for_every_attempt = Parts(identity=_KeyForEveryAttempt)


class _KeyOfTheStep(ScopedIdentity):
    """Run, step and tool, as an article has it: what is asked for again in the next step is another effect."""

    def sign(self, call: Call) -> Call:
        signed = super().sign(call)
        if signed.idempotency_key is None:
            return signed
        return msgspec.structs.replace(signed, idempotency_key=f"{call.run_id}:{call.step}:{call.name}")


key_of_the_step = Parts(identity=_KeyOfTheStep)


class _KeyFromAllArguments(IntentKeys):
    """A note that is worded differently makes it another effect."""

    def _thing(self, spec: ToolSpec, arguments: Mapping[str, Any]) -> str:
        return super()._thing(msgspec.structs.replace(spec, identity=()), arguments)


key_from_all_arguments = Parts(keys=_KeyFromAllArguments)


class _KeyForEveryRequest(IntentKeys):
    """Takes other words for another intent, also while nobody knows what became of the former one."""

    def key(self, spec: ToolSpec, request: ToolRequest, now_s: float) -> str | None:
        for thing, ordinals in self._ordinals.items():
            self._applied.update(f"{thing}:{ordinal}" for ordinal in ordinals.values())
        return super().key(spec, request, now_s)


key_for_every_request = Parts(keys=_KeyForEveryRequest)


class _KeyWithoutOrdinal(IntentKeys):
    """Never closes an intent, so that the second intended effect is taken for the first."""

    def applied(self, key: str | None) -> None:
        pass


key_without_ordinal = Parts(keys=_KeyWithoutOrdinal)
key_without_run = Parts(keys=lambda _run_id: IntentKeys("any"))


class _KeyOfTheMoment(IntentKeys):
    """Has the time in it, which is another one in another life."""

    def key(self, spec: ToolSpec, request: ToolRequest, now_s: float) -> str | None:
        if not self._since_s:
            self._run_id = f"{self._run_id}@{now_s}"
        return super().key(spec, request, now_s)


key_of_the_moment = Parts(keys=_KeyOfTheMoment)


class _AgelessKeys(IntentKeys):
    """Never wonders whether a tool still remembers a key."""

    def age_s(self, _key: str | None, _now_s: float) -> float:
        return 0.0


old_keys_are_repeated = Parts(keys=_AgelessKeys)


class _NoLookUp(Carrier):
    """Repeats at once what may have happened."""

    async def _look_up(self, _call: Call, reply: Reply) -> Reply:
        return reply


no_look_up = Parts(carrier=_NoLookUp)


class _BelievingLookUp(Carrier):
    """Takes it for done because somebody could be asked about it."""

    async def _look_up(self, call: Call, reply: Reply) -> Reply:
        found = await super()._look_up(call, reply)
        return found if call.idempotency_key is None else Reply("ok", found.value)


look_up_is_not_read = Parts(carrier=_BelievingLookUp)

DEFECTS = {
    "no_keys": Caught("lost_acknowledgement", "L6", "R7"),
    "key_for_every_attempt": Caught("lost_acknowledgement", "L6", "R7"),
    "key_of_the_step": Caught("reworded_repeat", "L6", "D7"),
    "key_from_all_arguments": Caught("reworded_repeat", "L6", "D7"),
    "key_for_every_request": Caught("reworded_repeat", "L6", "D7"),
    "key_without_ordinal": Caught("lost_acknowledgement", "L6", "D7"),
    "key_without_run": Caught("one_dose_for_each_run", "L6", "D7"),
    "key_of_the_moment": Caught("crash_without_log", "D9", "D7"),
    "old_keys_are_repeated": Caught("expired_key", "D7"),
    "no_look_up": Caught("look_up_before_repeat", "L6", "R7"),
    "look_up_is_not_read": Caught("look_up_before_repeat", "L6", "D2"),
}
