"""One call on its way through the faults that hit it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from harness.boundary.armed import ArmedFault
from harness.boundary.calls import Call, LogState, Reply, unanswered
from harness.boundary.deliveries import ROUND_TRIP_S, Crash, Delivery, Kill
from harness.boundary.faults import CallFault

if TYPE_CHECKING:
    from harness.boundary.boundary import Boundary


async def pass_through(
    boundary: Boundary, delivery: Delivery, faults: list[ArmedFault], deadline_s: float, kill: Kill
) -> Reply:
    """Deliver a call through the faults that hit it, the first of them outermost."""
    return await _Passage(boundary, delivery, faults, deadline_s, kill).enter()


class _Passage:
    """The exchange (:class:`harness.boundary.faults.Exchange`) of the outermost of the faults that are left."""

    def __init__(
        self, boundary: Boundary, delivery: Delivery, faults: list[ArmedFault], deadline_s: float, kill: Kill
    ) -> None:
        self._boundary = boundary
        self._delivery = delivery
        self._faults = faults
        self._deadline_s = deadline_s
        self._kill = kill
        self._refused = False
        self._settled = asyncio.Event()

    @property
    def call(self) -> Call:
        return self._delivery.call

    async def enter(self) -> Reply:
        if not self._faults:
            return await self._boundary.deliver(self._delivery)
        fault = self._faults[0]
        assert isinstance(fault.kind, CallFault)
        fault.hit(self._boundary.history, self.call.run_id, self._delivery.address, self.call.step)
        return await fault.kind.inject(fault.options, self)

    async def proceed(self, call: Call | None = None) -> Reply:
        delivery = self._delivery if call is None else self._boundary.altered(self._delivery, call)
        inner = _Passage(self._boundary, delivery, self._faults[1:], self._deadline_s, self._kill)
        try:
            reply = await inner.enter()
            self._refused = reply.status == "failed"
            return reply
        finally:
            self._settled.set()

    async def proceed_after(self, delay_s: float) -> Reply:
        clock = asyncio.get_running_loop()
        due_s = clock.time() + delay_s
        try:
            await asyncio.sleep(delay_s)
        except asyncio.CancelledError:
            self._boundary.stragglers.append(asyncio.ensure_future(self._arrive(due_s - clock.time())))
            raise
        return await self.proceed()

    async def _arrive(self, wait_s: float) -> None:
        await asyncio.sleep(wait_s)
        await self.proceed()

    async def replicate(self) -> Reply:
        await asyncio.sleep(ROUND_TRIP_S)
        return self._boundary.backstage.replicate(self._delivery)

    def earlier(self) -> list[Any]:
        return [
            event.payload["value"]
            for event in self._boundary.history
            if event.port == self.call.port and event.name == self.call.name and "value" in event.payload
        ]

    def now(self) -> float:
        return self._boundary.backstage.now()

    def repeat_later(self, delay_s: float) -> None:
        self._repeat_after(asyncio.sleep(delay_s))

    def repeat_at_the_end(self) -> None:
        self._repeat_after(self._boundary.runs_are_over.wait())

    def _repeat_after(self, moment: Awaitable[object]) -> None:
        self._boundary.stragglers.append(asyncio.ensure_future(self._repeated(moment)))

    async def _repeated(self, moment: Awaitable[object]) -> None:
        await moment
        if len(self._faults) > 1:
            await self._settled.wait()  # what befalls the original decides on the copy right behind it
        if not self._refused:
            await self._boundary.deliver(msgspec.structs.replace(self._delivery, copy=self._delivery.copy + 1))

    async def overtaken(self, patience_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                await self._boundary.overtaken(self._delivery)

    async def turn_away(self, reply: Reply) -> Reply:
        await asyncio.sleep(ROUND_TRIP_S)
        return reply

    async def hang(self) -> Reply:
        await asyncio.sleep(max(0.0, self._deadline_s - self._boundary.history.now()))
        return unanswered(self.call.timeout_s)

    def crash(self, restart_after_s: float, *, log: LogState) -> None:
        self._kill(Crash(restart_after_s, log))

    def forget_keys(self, *, own_only: bool = False) -> None:
        if not own_only:
            self._boundary.backstage.forget_keys(self.call.name)
        elif self.call.idempotency_key is not None:
            self._boundary.backstage.forget_keys(self.call.name, self.call.idempotency_key)

    def revoke(self) -> None:
        self._boundary.backstage.revoke(self.call.name, self.call.principal)

    def foreign(self, thing: str) -> str | None:
        return self._boundary.backstage.foreign(thing, self.call.principal)
