"""One life of a run: from its start to its end, or to the crash that kills it in the middle of a call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

from harness.boundary.boundary import Boundary
from harness.boundary.calls import Call, Reply
from harness.boundary.deliveries import Crash
from harness.history import EventKind


class Life:
    """What a run sends and records goes through here; nothing of it counts any more once it has crashed."""

    def __init__(self, run_id: str, boundary: Boundary) -> None:
        self._run_id = run_id
        self._boundary = boundary
        self._calling: list[asyncio.Task[Any]] = []
        self._main: asyncio.Future[object] | None = None
        self._crash: Crash | None = None

    async def live(self, agent: Awaitable[object]) -> Crash | None:
        """Let the agent run to its end and return None, or return the crash that killed it."""
        self._main = asyncio.ensure_future(agent)
        await asyncio.wait([self._main])
        if self._crash is None:
            self._main.result()
        return self._crash

    async def send(self, call: Call) -> Reply:
        """Carry one call across the boundary; what is left of a dead run is stopped here."""
        if self._crash is not None:
            await asyncio.sleep(0)
            raise asyncio.CancelledError
        task = asyncio.current_task()
        assert task is not None
        self._calling.append(task)
        try:
            return await self._boundary.send(call, self._kill)
        finally:
            self._calling.remove(task)

    def emit(self, kind: EventKind, *, step: int | None = None, **fields: Any) -> object:
        """Record one event of the run; the dead record nothing."""
        return None if self._crash else self._boundary.history.append(kind, run_id=self._run_id, step=step, **fields)

    def _kill(self, crash: Crash) -> None:
        """Cancel the agent and all its calls; a run that has answered can not crash any more."""
        assert self._main is not None
        if not self._main.done():
            self._crash = crash
            for task in dict.fromkeys((*self._calling, self._main)):
                task.cancel()
