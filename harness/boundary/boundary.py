"""The one boundary: every call is addressed, recorded, hurt as planned, delivered and answered here."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import msgspec

from harness.boundary.addresses import site_of
from harness.boundary.armed import ArmedFault, ArmedPlan
from harness.boundary.calls import Call, Catalogue, Reply, identity_of, unanswered
from harness.boundary.deliveries import Backstage, Deliver, Delivery, Kill
from harness.boundary.passage import pass_through
from harness.errors import StepLimit
from harness.history import EventKind, History, canonical_json, plain


class _Held:
    """A call whose reply waits for one to a later call of its run; ``seq`` is the event of its start."""

    def __init__(self, run_id: str, seq: int) -> None:
        self.run_id = run_id
        self.seq = seq
        self.overtaken = asyncio.Event()


# Far beyond every budget; a loop without end shall not take the campaign's time.
CALLS_MAX = 5000

_STARTED: dict[str, EventKind] = {"model": "model_call_started", "approval": "approval_requested"}
_COMPLETED: dict[str, EventKind] = {"model": "model_call_completed", "approval": "approval_decided"}
_FAILED: dict[str, EventKind] = {"model": "model_call_failed", "approval": "approval_decided"}


class Boundary:
    """Carries the calls of all runs of one trial."""

    def __init__(
        self,
        deliver: Deliver,
        catalogue: Catalogue,
        history: History,
        plan: ArmedPlan,
        backstage: Backstage,
        *,
        records_identity: bool = False,
    ) -> None:
        """``records_identity`` says whether events tell who makes a call."""
        self.deliver = deliver
        self.history = history
        self.plan = plan
        self.backstage = backstage
        self.stragglers: list[asyncio.Task[None]] = []
        self.runs_are_over = asyncio.Event()
        self.bug: Exception | None = None
        self._catalogue = catalogue
        self._records_identity = records_identity
        self._arrivals: Counter[str] = Counter()
        self._calls = 0
        self._held: list[_Held] = []

    async def send(self, call: Call, kill: Kill) -> Reply:
        """Carry one call and return what the agent may know of it; ``kill`` ends the run that makes it.

        Raises StepLimit when a trial has made too many.
        """
        await self._refuse_floods()
        delivery, arrival = self._admit(call)
        faults = self.plan.meant_for(delivery.call, delivery.identity, delivery.address, arrival, self.history)
        started = self._record_start(delivery)
        try:
            reply = await (self._hurt(delivery, faults, kill) if faults else self.deliver(delivery))
            value = msgspec.Raw(canonical_json(reply.value))
            recorded = msgspec.structs.replace(reply, value=plain(value))
        except asyncio.CancelledError:
            self._record_end(delivery, started, unanswered(self.history.now() - started[1]))
            raise
        except Exception as error:
            # A bug behind the boundary. The agent may swallow it, the trial must not.
            self.bug = self.bug or error
            raise
        self._record_end(delivery, started, recorded)
        self._look_for_seeds(delivery, recorded)
        # A copy of its own: whatever the agent does to it, the record stays as it was.
        return msgspec.structs.replace(reply, value=plain(value))

    def altered(self, delivery: Delivery, call: Call) -> Delivery:
        """Return a delivery of another call in the place of this one; its address stays."""
        identity = identity_of(self._catalogue.get(call.name), call.arguments)
        return msgspec.structs.replace(delivery, call=call, identity=identity)

    async def settle(self) -> None:
        """Wait until every delayed repeat has arrived, also those that wait for the end of all runs."""
        self.runs_are_over.set()
        while self.stragglers:
            await self.stragglers.pop()

    async def overtaken(self, delivery: Delivery) -> None:
        """Wait until a call that began later in the same run has been answered."""
        starts = (event.seq for event in reversed(self.history.events) if event.address == delivery.address)
        held = _Held(delivery.call.run_id, next(starts))
        self._held.append(held)
        await held.overtaken.wait()

    async def _refuse_floods(self) -> None:
        self._calls += 1
        if self._calls > CALLS_MAX:
            # One turn of the loop, so that the loop's own limit ends whoever swallows this and goes on.
            await asyncio.sleep(0)
            self.bug = StepLimit(f"more than {CALLS_MAX} calls in one trial; the agent does not come to an end")
            raise self.bug

    def _admit(self, call: Call) -> tuple[Delivery, int]:
        if call.port != "model":
            call = msgspec.structs.replace(call, arguments=plain(call.arguments))
        identity = identity_of(self._catalogue.get(call.name), call.arguments)
        site = site_of(call.run_id, call.port, call.name, identity)
        self._arrivals[site] += 1
        arrival = self._arrivals[site]
        return Delivery(call, f"{site}#{arrival}", identity), arrival

    async def _hurt(self, delivery: Delivery, faults: list[ArmedFault], kill: Kill) -> Reply:
        """Let the faults wrap the delivery, the first of the plan outermost."""
        deadline_s = self.history.now() + delivery.call.timeout_s
        try:
            async with asyncio.timeout(delivery.call.timeout_s):
                return await pass_through(self, delivery, faults, deadline_s, kill)
        except TimeoutError:
            return unanswered(delivery.call.timeout_s)

    def _record_start(self, delivery: Delivery) -> tuple[int, float]:
        call = delivery.call
        # A model that has no arguments has its prompt in the context of the process.
        payload: dict[str, Any] = {"arguments": call.arguments} if call.arguments or call.port != "model" else {}
        if call.idempotency_key is not None:
            payload["idempotency_key"] = call.idempotency_key
        if call.attempt is not None:
            payload["attempt"] = call.attempt
        if self._records_identity and call.port not in _STARTED:
            payload |= _identity_payload(call)
        event = self.history.append(
            _STARTED.get(call.port, "tool_call_started"),
            run_id=call.run_id,
            step=call.step,
            port=call.port,
            name=call.name,
            address=delivery.address,
            payload=payload,
        )
        return event.seq, event.time_s

    def _record_end(self, delivery: Delivery, started: tuple[int, float], reply: Reply) -> None:
        call, usage = delivery.call, reply.usage
        kinds, other = (_COMPLETED, "tool_call_completed") if reply.ok else (_FAILED, "tool_call_failed")
        self.history.append(
            kinds.get(call.port, other),  # type: ignore[arg-type]  # the tables hold event kinds only
            run_id=call.run_id,
            step=call.step,
            port=call.port,
            name=call.name,
            address=delivery.address,
            latency_s=self.history.now() - started[1],
            tokens_in=usage.tokens_in if usage else None,
            tokens_out=usage.tokens_out if usage else None,
            cost_usd=usage.cost_usd if usage else None,
            result=reply.status,
            error_type=reply.error_type,
            retryable=None if reply.ok else reply.retryable,
            payload=_reply_payload(started[0], reply),
        )
        for held in self._held:
            if held.run_id == call.run_id and held.seq < started[0]:
                held.overtaken.set()

    def show(self, run_id: str, catalogue: Catalogue) -> None:
        """Note the seeds that reach a run with the descriptions of its tools."""
        if self.plan.seedings:
            text = one_line([spec.description for spec in catalogue.values()])
            for fault in self.plan.seedings:
                if any(probe in text for probe in fault.probes):
                    fault.hit(self.history, run_id, None)

    def _look_for_seeds(self, delivery: Delivery, reply: Reply) -> None:
        for fault in self.plan.seedings:
            if fault.probes and reply.ok and delivery.call.port in ("tool", "retrieval", "memory"):
                text = one_line(reply.value)
                if any(probe in text for probe in fault.probes):
                    call = delivery.call
                    fault.hit(self.history, call.run_id, delivery.address, call.step)


def _identity_payload(call: Call) -> dict[str, Any]:
    payload: dict[str, Any] = {"principal": msgspec.to_builtins(call.principal)}
    if call.credential is not None:
        payload |= {"agent": call.credential.agent, "expires_at_s": call.credential.expires_at_s}
    return payload


def _reply_payload(started: int, reply: Reply) -> dict[str, Any]:
    payload: dict[str, Any] = {"call": started}
    if reply.parts:
        payload |= {"parts": msgspec.to_builtins(reply.parts), "ending": reply.ending}
    elif reply.ok:
        payload["value"] = reply.value
    else:
        payload["message"] = reply.message
        if reply.retry_after_s is not None:
            payload["retry_after_s"] = reply.retry_after_s
    return payload


def one_line(value: object) -> str:
    """Return all text in plain data as one line with single spaces, so that wrapped text can be searched."""
    pieces: list[str] = []
    _collect_text(value, pieces)
    return " ".join(" ".join(pieces).split())


def _collect_text(value: object, pieces: list[str]) -> None:
    if isinstance(value, str):
        pieces.append(value)
    elif isinstance(value, dict):
        for item in value.values():
            _collect_text(item, pieces)
    elif isinstance(value, list):
        for item in value:
            _collect_text(item, pieces)
