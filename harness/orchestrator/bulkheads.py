"""Bulkheads: at most so many calls of one tool at a time, over all runs; the others wait in line."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Protocol

from harness.orchestrator.policy import Policy


class Bulkheads(Protocol):
    """Admits calls to tools."""

    def admit(self, name: str) -> AbstractAsyncContextManager[None]:
        """Return a place at the tool, to be entered for the time of one attempt."""


class ToolBulkheads:
    """One semaphore for each tool."""

    def __init__(self, policy: Policy) -> None:
        self._places = policy.bulkhead
        self._by_tool: dict[str, asyncio.Semaphore] = {}

    def admit(self, name: str) -> AbstractAsyncContextManager[None]:
        """Wait for a free place."""
        return self._by_tool.setdefault(name, asyncio.Semaphore(self._places))


class NoBulkheads:
    """Admits everybody at once."""

    def admit(self, _name: str) -> AbstractAsyncContextManager[None]:
        """Make no one wait."""
        return nullcontext()
