"""Asynchronous runs: submitted now, worked off by a bounded number of workers, looked at later."""

from __future__ import annotations

import asyncio

from harness.boundary import Session
from harness.content import Ask
from harness.orchestrator.fallbacks import Outcome
from harness.orchestrator.orchestrator import Orchestrator


class RunQueue:
    """Runs of one orchestrator that nobody waits for; ``workers`` of them are under way at a time, in order."""

    def __init__(self, orchestrator: Orchestrator, workers: int) -> None:
        self._orchestrator = orchestrator
        self._places = asyncio.Semaphore(workers)
        self._runs: dict[str, asyncio.Task[Outcome]] = {}

    def submit(self, ask: Ask, session: Session) -> asyncio.Task[Outcome]:
        """Queue a run and return at once; submitting a run again, with its id, is the same run."""
        if session.run_id not in self._runs:
            self._runs[session.run_id] = asyncio.create_task(self._work(ask, session))
        return self._runs[session.run_id]

    async def _work(self, ask: Ask, session: Session) -> Outcome:
        async with self._places:
            return await self._orchestrator.run(ask, session)
