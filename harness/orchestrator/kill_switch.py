"""The kill switch: when too many calls fail, all runs fall back until things have cooled down."""

from __future__ import annotations

from collections import deque
from typing import Protocol

from harness.boundary import Reply, Session
from harness.orchestrator.policy import Policy


class KillSwitch(Protocol):
    """Watches the replies of all runs."""

    def is_off(self, session: Session) -> bool:
        """Whether agents are switched off at present."""

    def learn(self, reply: Reply, session: Session) -> None:
        """Take note of a reply."""


class ErrorRateSwitch:
    """Trips when the share of calls without success among the last ``calls`` reaches ``error_rate``."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy.kill_switch
        self._last: deque[bool] = deque(maxlen=self._policy.calls)
        self._off_until_s = 0.0

    def is_off(self, session: Session) -> bool:
        """Whether the cooldown is not over yet."""
        return session.clock.now() < self._off_until_s

    def learn(self, reply: Reply, session: Session) -> None:
        """Count one reply, and trip where too many failed."""
        self._last.append(not reply.ok)
        rate = sum(self._last) / self._policy.calls
        if rate >= self._policy.error_rate:
            self._last.clear()
            self._off_until_s = session.clock.now() + self._policy.cooldown_s
            session.emit("kill_switch_tripped", payload={"error_rate": rate})


class NoKillSwitch:
    """Never trips."""

    def is_off(self, _session: Session) -> bool:
        """Let every run go on."""
        return False

    def learn(self, _reply: Reply, _session: Session) -> None:
        """Learn nothing."""
