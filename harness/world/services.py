"""The other side of the boundary: each port answered after its latency, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Protocol

from harness.boundary import Delivery, Reply, failed, unanswered


class Service(Protocol):
    """Answers the calls of one port."""

    def latency_s(self, delivery: Delivery) -> float:
        """Return how long the answer takes; infinity means that nobody ever answers."""

    def answer(self, delivery: Delivery) -> Reply:
        """Apply the call and return the reply, in no time."""


class Services:
    """Delivers calls to the service of their port."""

    def __init__(self, by_port: Mapping[str, Service]) -> None:
        self._by_port = by_port
        self.late: list[asyncio.Task[None]] = []

    async def deliver(self, delivery: Delivery) -> Reply:
        """Answer after the service's latency.

        A caller that gives up earlier, or is cancelled, does not take the call back: it still arrives when it is due.
        """
        service = self._by_port.get(delivery.call.port)
        if service is None:
            return failed("unavailable", f"nothing answers at port {delivery.call.port!r} in this trial")
        latency_s = service.latency_s(delivery)
        timeout_s = delivery.call.timeout_s
        loop = asyncio.get_running_loop()
        due_s = loop.time() + latency_s
        try:
            await asyncio.sleep(min(latency_s, timeout_s))
        except asyncio.CancelledError:
            self._arrive_late(service, delivery, due_s - loop.time())
            raise
        if latency_s > timeout_s:
            self._arrive_late(service, delivery, due_s - loop.time())
            return unanswered(timeout_s)
        return service.answer(delivery)

    async def settle(self) -> None:
        """Wait until every call whose caller is gone has arrived."""
        while self.late:
            await self.late.pop()

    def _arrive_late(self, service: Service, delivery: Delivery, wait_s: float) -> None:
        if wait_s != float("inf"):
            self.late.append(asyncio.create_task(_arrive(service, delivery, wait_s)))


async def _arrive(service: Service, delivery: Delivery, wait_s: float) -> None:
    await asyncio.sleep(wait_s)
    service.answer(delivery)
