"""A circuit breaker for each tool, so that one broken tool is left alone and poisons no other."""

from __future__ import annotations

from typing import Literal, Protocol

from harness.boundary import TRANSIENT, Reply, Session
from harness.orchestrator.policy import BreakerPolicy

State = Literal["closed", "open", "half_open"]


class Breakers(Protocol):
    """Says whether a tool may be called, and learns from what came of it."""

    def allows(self, name: str) -> bool:
        """Whether a call may be made now."""

    def learn(self, name: str, reply: Reply, step: int) -> None:
        """Take note of a reply."""


class _Circuit:
    __slots__ = ("failures", "opened_at", "state")

    def __init__(self) -> None:
        self.state: State = "closed"
        self.failures = 0
        self.opened_at = 0.0


class ToolBreakers:
    """Closed → open after ``threshold`` transient failures in a row → half open after the cooldown, for one probe."""

    def __init__(self, policy: BreakerPolicy, session: Session) -> None:
        self._policy = policy
        self._session = session
        self._circuits: dict[str, _Circuit] = {}

    def allows(self, name: str) -> bool:
        """Whether a call may be made; an open circuit lets one probe through when its cooldown is over."""
        circuit = self._circuits.get(name)
        if circuit is None or circuit.state == "closed":
            return True
        cooled = self._session.clock.now() - circuit.opened_at >= self._policy.cooldown_s
        if circuit.state == "open" and cooled:
            circuit.state = "half_open"
            self._session.emit("breaker_half_opened", name=name)
            return True
        return False

    def learn(self, name: str, reply: Reply, step: int) -> None:
        """Count transient failures in a row; any other reply closes the circuit."""
        circuit = self._circuits.setdefault(name, _Circuit())
        if reply.error_type not in TRANSIENT:
            self._close(circuit, name, step)
            return
        circuit.failures += 1
        if circuit.state == "half_open" or circuit.failures == self._policy.threshold:
            circuit.state = "open"
            circuit.opened_at = self._session.clock.now()
            self._session.emit("breaker_opened", step=step, name=name, payload={"failures": circuit.failures})

    def _close(self, circuit: _Circuit, name: str, step: int) -> None:
        if circuit.state != "closed":
            circuit.state = "closed"
            self._session.emit("breaker_closed", step=step, name=name)
        circuit.failures = 0


class NoBreakers:
    """Lets every call through."""

    def allows(self, _name: str) -> bool:
        """Say yes."""
        return True

    def learn(self, _name: str, _reply: Reply, _step: int) -> None:
        """Learn nothing."""
