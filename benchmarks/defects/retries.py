"""Retries that do harm: too many, too soon, of the wrong things, or none."""

from __future__ import annotations

import msgspec

from benchmarks.defects.caught import Caught
from harness.boundary import Call, EffectClass, Reply
from harness.orchestrator import Parts, parts_without
from harness.orchestrator.carrier import Carrier
from harness.orchestrator.retries import Backoff

never_retries = parts_without(["retries"])


class _Everything(Backoff):
    """Takes every failure for one that may heal."""

    def wait_s(self, call: Call, reply: Reply, attempt: int, *, read: bool) -> float | None:
        may_heal = reply if reply.ok else msgspec.structs.replace(reply, error_type="timeout")
        return super().wait_s(call, may_heal, attempt, read=read)


retries_everything = Parts(retries=_Everything)


class _LocksOfWrites(Backoff):
    """Treats a write as if it were a read."""

    def wait_s(self, call: Call, reply: Reply, attempt: int, *, read: bool) -> float | None:  # noqa: ARG002
        return super().wait_s(call, reply, attempt, read=True)


retries_writes_like_reads = Parts(retries=_LocksOfWrites)


class _LocksOfReads(Backoff):
    """Gives a read up that met a lock."""

    def wait_s(self, call: Call, reply: Reply, attempt: int, *, read: bool) -> float | None:  # noqa: ARG002
        return super().wait_s(call, reply, attempt, read=False)


retries_reads_like_writes = Parts(retries=_LocksOfReads)


class _AtOnce(Backoff):
    """Does not wait, unless it is told to."""

    def wait_s(self, call: Call, reply: Reply, attempt: int, *, read: bool) -> float | None:
        wait_s = super().wait_s(call, reply, attempt, read=read)
        return None if wait_s is None else reply.retry_after_s or 0.0


retries_at_once = Parts(retries=_AtOnce)


class _SamePause(Backoff):
    """Waits before each attempt as long as before the second."""

    def wait_s(self, call: Call, reply: Reply, attempt: int, *, read: bool) -> float | None:
        wait_s = super().wait_s(call, reply, attempt, read=read)
        return None if wait_s is None else max(self._policy.backoff_s, reply.retry_after_s or 0.0)


pauses_do_not_grow = Parts(retries=_SamePause)


class _DeafCarrier(Carrier):
    """Takes no notice of a Retry-After."""

    def _learn(self, call: Call, reply: Reply) -> None:
        super()._learn(call, msgspec.structs.replace(reply, retry_after_s=None))


class _DeafBackoff(Backoff):
    """Backs off as long as it likes."""

    def wait_s(self, call: Call, reply: Reply, attempt: int, *, read: bool) -> float | None:
        return super().wait_s(call, msgspec.structs.replace(reply, retry_after_s=None), attempt, read=read)


ignores_retry_after = Parts(retries=_DeafBackoff, carrier=_DeafCarrier)
retry_after_binds_one_call = Parts(carrier=_DeafCarrier)


class _BudgetForEachCall(Backoff):
    """Gives each layer a budget of its own, so that they multiply."""

    def wait_s(self, call: Call, reply: Reply, attempt: int, *, read: bool) -> float | None:
        self._left = self._policy.per_run
        return super().wait_s(call, reply, attempt, read=read)

    def admits(self, _call: Call) -> bool:
        return True


retry_layers_multiply = Parts(retries=_BudgetForEachCall)


class _FreeInsistence(Backoff):
    """Counts its own retries, and not those of a planner that asks anew."""

    def admits(self, _call: Call) -> bool:
        return True


planner_may_insist = Parts(retries=_FreeInsistence)


class _SilenceIsFailure(Carrier):
    """Says that a write has failed because nobody said that it has not."""

    async def carry(self, call: Call, timeout_s: float, effect: EffectClass = "read") -> Reply:
        reply = await super().carry(call, timeout_s, effect)
        return msgspec.structs.replace(reply, status="failed") if reply.status == "unknown" else reply


silence_is_failure = Parts(carrier=_SilenceIsFailure)

DEFECTS = {
    "never_retries": Caught("backoff", "L5", "R5"),
    "retries_everything": Caught("backoff", "R5"),
    "retries_writes_like_reads": Caught("backoff", "R5"),
    "retries_reads_like_writes": Caught("backoff", "R5"),
    "retries_at_once": Caught("backoff", "L5"),
    "pauses_do_not_grow": Caught("backoff", "L5"),
    "ignores_retry_after": Caught("backoff", "L5", "R5"),
    "retry_after_binds_one_call": Caught("retry_after", "L5", "R5"),
    "retry_layers_multiply": Caught("retry_layers", "R6"),
    "planner_may_insist": Caught("retry_layers", "R6"),
    "silence_is_failure": Caught("expired_key", "D2", "R5"),
}
