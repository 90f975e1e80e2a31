"""The other side of the boundary: each port answered after its latency, in virtual time."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Protocol

import msgspec

from harness.boundary import ROUND_TRIP_S, Catalogue, Delivery, Reply, failed, unanswered

Site = tuple[str, str]

_CROWDED_PORTS = ("tool", "retrieval")


class Service(Protocol):
    """Answers the calls of one port."""

    def latency_s(self, delivery: Delivery) -> float:
        """Return how long the answer takes; infinity means that nobody ever answers."""

    def answer(self, delivery: Delivery) -> Reply:
        """Apply the call and return the reply, in no time."""


class _Refusal(msgspec.Struct, frozen=True):
    """Turns a call away, after one round trip."""

    reply: Reply

    def latency_s(self, _delivery: Delivery) -> float:
        return ROUND_TRIP_S

    def answer(self, _delivery: Delivery) -> Reply:
        return self.reply


class _UnderWay:
    """One call to a tool that bears only some at one time, counted from its arrival to its answer."""

    def __init__(self, service: Service, counts: Counter[Site], site: Site) -> None:
        self._service = service
        self._counts = counts
        self._site = site
        counts[site] += 1

    def latency_s(self, delivery: Delivery) -> float:
        return self._service.latency_s(delivery)

    def answer(self, delivery: Delivery) -> Reply:
        self._counts[self._site] -= 1
        return self._service.answer(delivery)


class Services:
    """Delivers calls to the service of their port; ``catalogue`` says how many calls a tool bears at one time."""

    def __init__(self, by_port: Mapping[str, Service], catalogue: Catalogue, grid_s: float | None = None) -> None:
        """With a grid, every latency is rounded up to a multiple of ``grid_s``."""
        self._by_port = by_port
        self._grid_s = grid_s
        limits = {(spec.port, name): spec.concurrency_max for name, spec in catalogue.items()}
        self._limits: dict[Site, int] = {site: limit for site, limit in limits.items() if limit is not None}
        self._left: dict[str, int] = {}
        self._under_way: Counter[Site] = Counter()
        self.late: list[asyncio.Task[None]] = []

    async def deliver(self, delivery: Delivery) -> Reply:
        """Answer after the service's latency.

        A caller that gives up earlier, or is cancelled, does not take the call back: it still arrives when it is due.
        """
        service = self._service_for(delivery)
        latency_s = self._on_grid(service.latency_s(delivery))
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

    def leave_places(self, tool: str, places: int | None) -> None:
        """Let others occupy the tools that ``tool`` (a glob) names, all but ``places``; None: they go."""
        if places is None:
            self._left.pop(tool, None)
        else:
            self._left[tool] = places

    async def settle(self) -> None:
        """Wait until every call whose caller is gone has arrived."""
        while self.late:
            await self.late.pop()

    def _on_grid(self, latency_s: float) -> float:
        if self._grid_s is None or latency_s == math.inf:
            return latency_s
        return math.ceil(latency_s / self._grid_s) * self._grid_s

    def _service_for(self, delivery: Delivery) -> Service:
        port, name = site = (delivery.call.port, delivery.call.name)
        service = self._by_port.get(port)
        if service is None:
            return _Refusal(failed("unavailable", f"nothing answers at port {port!r} in this trial"))
        limit = self._limit(site)
        if limit is None:
            return service
        if self._under_way[site] >= limit:
            return _Refusal(failed("rate_limit", f"{name} bears {limit} calls at one time, and has them"))
        return _UnderWay(service, self._under_way, site)

    def _limit(self, site: Site) -> int | None:
        limits = [limit] if (limit := self._limits.get(site)) is not None else []
        if site[0] in _CROWDED_PORTS:
            limits += [places for tool, places in self._left.items() if fnmatchcase(site[1], tool)]
        return min(limits, default=None)

    def _arrive_late(self, service: Service, delivery: Delivery, wait_s: float) -> None:
        if wait_s != float("inf"):
            self.late.append(asyncio.create_task(_arrive(service, delivery, wait_s)))


async def _arrive(service: Service, delivery: Delivery, wait_s: float) -> None:
    await asyncio.sleep(wait_s)
    service.answer(delivery)
