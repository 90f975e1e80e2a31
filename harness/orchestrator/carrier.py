"""The carrier: every call goes out here, with its deadline, breaker, bulkhead, credential and retries."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from harness.boundary import Call, EffectClass, Reply, failed, played, succeeded
from harness.orchestrator.halts import Halt
from harness.orchestrator.retries import intent_of
from harness.orchestrator.run import Run

LOOK_UP_TIMEOUT_S = 5.0
LOOK_UPS = 2
UNHEARD_OF = Reply("unknown", message="nobody knows whether this was sent")


def already_applied(value: Any) -> Reply:
    """Return what a call answers whose effect is there already; ``value`` is what it answered the first time."""
    return succeeded({**value, "already_applied": True} if isinstance(value, dict) else value)


def _read(answer: Reply, call: Call, reply: Reply) -> Reply | None:
    """Return what is known of a call by what its key store says of it; None when that is no answer to the question."""
    match answer.value:
        case {"applied": True, "arguments": arguments} if arguments != call.arguments:
            return Reply("unknown", None, "conflict", "its idempotency key stands for the same with other arguments")
        case {"applied": True, "value": value}:
            return already_applied(value)
        case {"applied": False, "complete": False}:
            return Reply("unknown", None, "conflict", "the tool has lost keys, and can not tell about this one")
        case {"applied": False}:
            return reply
    return None


class Carrier:
    """Sends calls; model and tool calls go the same way."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._not_before_s: dict[str, float] = {}
        self._unknown: set[str] = set()
        # Of those, what nobody has answered, and what was not waited for yet: it may take effect behind a look-up.
        self._unanswered: set[str] = set()
        self._unsettled: set[str] = set()

    async def carry(self, call: Call, timeout_s: float, effect: EffectClass = "read") -> Reply:
        """Send ``call`` until it is answered, refused for good, or not worth another attempt.

        A write of which some attempt may still be under way has not failed, whatever became of the others; but a
        conflict is how things stand, and turns that one away as well.
        """
        reply = await self._carried(call, timeout_s, effect)
        if effect == "read":
            return reply
        intent = intent_of(call)
        if reply.ok:
            self._unknown.discard(intent)
            self._unanswered.discard(intent)
        elif reply.status == "failed" and reply.error_type != "conflict" and intent in self._unanswered:
            message = f"an earlier attempt may still take effect; after it: {reply.message}"
            return msgspec.structs.replace(reply, status="unknown", message=message, retryable=False)
        return reply

    async def _carried(self, call: Call, timeout_s: float, effect: EffectClass) -> Reply:
        """Send ``call``; what may have been sent before, also by a life whose log is lost, is looked up first."""
        run = self._run
        if not run.retries.admits(call):
            return failed("unavailable", "the retries of this run are used up")
        if effect in run.policy.retry.look_up and (run.life.has_forgotten or intent_of(call) in self._unknown):
            await self._settled(call)
            known = await self._look_up(call, UNHEARD_OF)
            if known is not UNHEARD_OF:
                return known
        attempt, reply, doubtful = 1, UNHEARD_OF if run.life.in_doubt else None, False
        while True:
            try:
                reply = await self._attempt(call, timeout_s, attempt)
                in_doubt = reply.status == "unknown" or reply.error_type == "transient_upstream"
                doubtful |= effect != "read" and in_doubt
                if in_doubt and effect in run.policy.retry.look_up:
                    reply = await self._look_up(call, reply)
                wait_s = None if reply.ok else run.retries.wait_s(call, reply, attempt, read=effect == "read")
                if wait_s is None:
                    return await self._look_up(call, reply) if doubtful and reply.status == "failed" else reply
                self._announce(call, reply, attempt + 1, wait_s)
                await run.session.clock.sleep(run.meter.wait_s(wait_s))
                if effect in run.policy.retry.look_up and intent_of(call) in self._unsettled:
                    await self._settled(call)
                    known = await self._look_up(call, reply)  # it may have arrived meanwhile
                    if known is not reply:
                        return known
            except Halt as halt:
                halt.reply = msgspec.structs.replace(reply, status="unknown") if reply and doubtful else reply
                raise
            attempt += 1

    async def _attempt(self, call: Call, timeout_s: float, attempt: int) -> Reply:
        run = self._run
        await self._keep_away(call.name)
        run.meter.cut(timeout_s)  # before anybody takes note of a call that can not go out any more
        if self._is_stale(call):
            return Reply("unknown", None, "conflict", "its key is too old to be repeated safely")
        run.meter.count_lost(call, run.life.sent_in_vain(call, attempt))
        run.meter.refuse_call(call)
        if await run.life.refuses(call.name, lambda: not run.breakers.allows(call.name, run.session)):
            return failed("unavailable", f"the circuit of {call.name} is open")
        run.meter.count_call(call)
        async with run.bulkheads.admit(call.name):
            timeout_s = run.meter.cut(timeout_s)
            signed = run.identity.sign(call)
            reply = await run.session.send(msgspec.structs.replace(signed, timeout_s=timeout_s, attempt=attempt))
            if call.port == "model":
                reply = await self._paid_and_played(call, reply)
        if reply.status == "unknown":
            self._unanswered.add(intent_of(call))
            self._unsettled.add(intent_of(call))
        reply = self._checked(call, reply)
        self._learn(call, reply)
        return reply

    def _checked(self, call: Call, reply: Reply) -> Reply:
        """Take an answer that is no result for a failure; whether a write was done before it, nobody knows."""
        spec = self._run.catalogue.get(call.name)
        if spec is None or spec.port != call.port or not reply.ok:
            return reply
        problem = self._run.validation.result_problem(spec, reply.value)
        if problem is None:
            return reply
        status: Literal["failed", "unknown"] = "failed" if spec.effect == "read" else "unknown"
        return Reply(status, None, "transient_upstream", problem, retryable=True)

    async def _paid_and_played(self, call: Call, reply: Reply) -> Reply:
        """Charge what a model consumed, also for an answer that breaks off, and put a stream together."""
        meter, models = self._run.meter, self._run.policy.models
        meter.charge(call.name, call.context, reply, is_news=self._run.is_news)

        async def sleep(seconds: float) -> None:
            await self._run.session.clock.sleep(meter.cut(seconds))

        return await played(reply, models.first_part_timeout_s, models.idle_timeout_s, sleep)

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
            await self._run.session.clock.sleep(self._run.meter.wait_s(wait_s))

    async def _settled(self, call: Call) -> None:
        """Wait as long as an earlier attempt may still be under way, so that a look-up tells what came of it.

        The whole time and not what is left of it, so that every life waits equally long.
        """
        if intent_of(call) in self._unsettled and call.idempotency_key is not None:
            await self._run.session.clock.sleep(self._run.meter.wait_s(self._run.policy.retry.settle_s))
            self._unsettled.discard(intent_of(call))

    def _is_stale(self, call: Call) -> bool:
        """Whether this may be a repeat that the tool can no longer recognise."""
        age_s = self._run.keys.age_s(call.idempotency_key, self._run.session.clock.now())
        return intent_of(call) in self._unknown and age_s >= self._run.policy.retry.key_ttl_s

    async def _look_up(self, call: Call, reply: Reply) -> Reply:
        """Ask the tool's own key store whether the effect took place; keep ``reply`` where it did not.

        Where the store does not answer, nobody knows, and nobody may repeat the call: a tool that has lost its keys
        would do it again.
        """
        if call.idempotency_key is None:
            return reply
        for _ in range(LOOK_UPS):
            answer = await self._asked(call)
            known = _read(answer, call, reply) if answer.ok else None
            if known is not None:
                return known
        return msgspec.structs.replace(reply, status="unknown", retryable=False)

    async def _asked(self, call: Call) -> Reply:
        question = msgspec.structs.replace(
            call,
            port="store",
            arguments={"idempotency_key": call.idempotency_key},
            idempotency_key=None,
            timeout_s=self._run.meter.cut(LOOK_UP_TIMEOUT_S),
        )
        self._run.meter.refuse_call(question)
        self._run.meter.count_call(question)
        return await self._run.session.send(question)

    def _announce(self, call: Call, reply: Reply, attempt: int, wait_s: float) -> None:
        self._run.session.emit(
            "retry_scheduled",
            step=call.step,
            port=call.port,
            name=call.name,
            error_type=reply.error_type,
            payload={"attempt": attempt, "wait_s": wait_s},
        )
