"""Runaway loops: a planner that asks for the same thing again and again, and learns nothing from it."""

from __future__ import annotations

from collections import Counter
from typing import Protocol

from harness.boundary import Session
from harness.history import digest
from harness.orchestrator.halts import Halt
from harness.orchestrator.policy import Policy
from harness.planners import Observation, ToolRequest


class LoopGuard(Protocol):
    """Watches requests and what comes of them."""

    def check(self, request: ToolRequest, step: int) -> None:
        """Raise Halt when the request is one turn of a loop too many."""

    def saw(self, observation: Observation, *, wrote: bool) -> None:
        """Take note of what came of a request."""


class RepeatGuard:
    """Equal requests count, whatever stands between them; a write that worked makes it worth asking again."""

    def __init__(self, policy: Policy, session: Session) -> None:
        self._most = policy.repeats_max
        self._session = session
        self._asked: Counter[str] = Counter()

    def check(self, request: ToolRequest, step: int) -> None:
        """Count the request; raises Halt above the most."""
        bound = digest([request.tool, request.arguments])
        self._asked[bound] += 1
        if self._asked[bound] > self._most:
            self._session.emit("loop_detected", step=step, name=request.tool, payload={"times": self._asked[bound]})
            raise Halt("loop", f"{request.tool} was asked for {self._asked[bound]} times with the same arguments")

    def saw(self, observation: Observation, *, wrote: bool) -> None:
        """Forget the counts after a write that worked: the world is another one."""
        if wrote and observation.status == "ok":
            self._asked.clear()


class NoLoopGuard:
    """Lets planners go round in circles."""

    def check(self, _request: ToolRequest, _step: int) -> None:
        """Count nothing."""

    def saw(self, _observation: Observation, *, wrote: bool) -> None:
        """Note nothing."""
