"""The carrier: every call goes out here, with its deadline, breaker, bulkhead, credential and retries."""

from __future__ import annotations

import msgspec

from harness.boundary import Call, EffectClass, Reply, failed, succeeded
from harness.orchestrator.halts import Halt
from harness.orchestrator.retries import intent_of
from harness.orchestrator.run import Run

LOOK_UP_TIMEOUT_S = 5.0


class Carrier:
    """Sends calls; model and tool calls go the same way."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._not_before_s: dict[str, float] = {}
        self._unknown: set[str] = set()

    async def carry(self, call: Call, timeout_s: float, effect: EffectClass = "read") -> Reply:
        """Send ``call`` until it is answered, refused for good, or not worth another attempt."""
        run = self._run
        if not run.retries.admits(call):
            return failed("unavailable", "the retries of this run are used up")
        attempt, reply = 1, None
        while True:
            try:
                reply = await self._attempt(call, timeout_s, attempt)
                if reply.status == "unknown" and effect in run.policy.retry.look_up:
                    reply = await self._look_up(call, reply)
                wait_s = None if reply.ok else run.retries.wait_s(call, reply, attempt, read=effect == "read")
                if wait_s is None:
                    return reply
                self._announce(call, reply, attempt + 1, wait_s)
                await run.session.clock.sleep(run.meter.cut(wait_s))
            except Halt as halt:
                halt.reply = reply
                raise
            attempt += 1

    async def _attempt(self, call: Call, timeout_s: float, attempt: int) -> Reply:
        run = self._run
        await self._keep_away(call.name)
        run.meter.cut(timeout_s)  # before anybody takes note of a call that can not go out any more
        if self._is_stale(call):
            return Reply("unknown", None, "conflict", "its key is too old to be repeated safely")
        run.meter.refuse_call(call)
        if await run.life.refuses(call.name, lambda: not run.breakers.allows(call.name, run.session)):
            return failed("unavailable", f"the circuit of {call.name} is open")
        run.meter.count_call(call)
        async with run.bulkheads.admit(call.name):
            timeout_s = run.meter.cut(timeout_s)
            signed = run.identity.sign(call)
            reply = await run.session.send(msgspec.structs.replace(signed, timeout_s=timeout_s, attempt=attempt))
        self._learn(call, reply)
        return reply

    def _learn(self, call: Call, reply: Reply) -> None:
        run = self._run
        if run.is_news:
            run.breakers.learn(call.name, reply, run.session)
            run.kill_switch.learn(reply, run.session)
        if reply.status == "unknown":
            self._unknown.add(intent_of(call))
        if reply.retry_after_s is not None:
            self._not_before_s[call.name] = run.session.clock.now() + reply.retry_after_s

    async def _keep_away(self, name: str) -> None:
        """Wait out a Retry-After, also when the planner asks for the same tool anew."""
        wait_s = self._not_before_s.get(name, 0.0) - self._run.session.clock.now()
        if wait_s > 0:
            await self._run.session.clock.sleep(self._run.meter.cut(wait_s))

    def _is_stale(self, call: Call) -> bool:
        """Whether this may be a repeat that the tool can no longer recognise."""
        age_s = self._run.keys.age_s(call.idempotency_key, self._run.session.clock.now())
        return intent_of(call) in self._unknown and age_s >= self._run.policy.retry.key_ttl_s

    async def _look_up(self, call: Call, reply: Reply) -> Reply:
        """Ask the tool's own key store whether the effect took place; keep ``reply`` where it did not."""
        if call.idempotency_key is None:
            return reply
        question = msgspec.structs.replace(
            call,
            port="store",
            arguments={"idempotency_key": call.idempotency_key},
            idempotency_key=None,
            timeout_s=self._run.meter.cut(LOOK_UP_TIMEOUT_S),
        )
        self._run.meter.refuse_call(question)
        self._run.meter.count_call(question)
        answer = await self._run.session.send(question)
        if not answer.ok or not answer.value["applied"]:
            return reply
        value = answer.value["value"]
        return succeeded({**value, "already_applied": True} if isinstance(value, dict) else value)

    def _announce(self, call: Call, reply: Reply, attempt: int, wait_s: float) -> None:
        self._run.session.emit(
            "retry_scheduled",
            step=call.step,
            port=call.port,
            name=call.name,
            error_type=reply.error_type,
            payload={"attempt": attempt, "wait_s": wait_s},
        )
