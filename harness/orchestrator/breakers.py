"""A circuit breaker for each tool, so that one broken tool is left alone and poisons no other."""

from __future__ import annotations

from typing import Literal, Protocol

from harness.boundary import TRANSIENT, Reply, Session
from harness.orchestrator.policy import Policy

State = Literal["closed", "open", "half_open"]


class Breakers(Protocol):
    """Says whether a tool may be called, and learns from what came of it."""

    def allows(self, name: str, session: Session) -> bool:
        """Whether a call may be made now."""

    def is_open(self, name: str) -> bool:
        """Whether the tool is being left alone."""

    def learn(self, name: str, reply: Reply, session: Session) -> None:
        """Take note of a reply."""


class Circuit:
    """One circuit: its state, its transient failures in a row, and when it opened."""

    __slots__ = ("failures", "since_s", "state")

    def __init__(self) -> None:
        self.state: State = "closed"
        self.failures = 0
        self.since_s = 0.0


class ToolBreakers:
    """Closed → open after ``threshold`` transient failures in a row → half open after the cooldown, for one probe.

    The circuits belong to the tools and not to a run: what one run has learned keeps the next one away.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy.breaker
        self._circuits: dict[str, Circuit] = {}

    def circuit(self, name: str) -> Circuit:
        """Return the circuit of a tool."""
        return self._circuits.setdefault(name, Circuit())

    def allows(self, name: str, session: Session) -> bool:
        """Whether a call may be made; an open circuit lets one probe through when its cooldown is over."""
        circuit = self.circuit(name)
        now_s = session.clock.now()
        if circuit.state != "closed" and now_s - circuit.since_s >= self._policy.cooldown_s:
            circuit.state = "half_open"
            circuit.since_s = now_s
            session.emit("breaker_half_opened", name=name)
            return True
        return circuit.state == "closed"

    def is_open(self, name: str) -> bool:
        """Whether the circuit is open."""
        return self.circuit(name).state == "open"

    def learn(self, name: str, reply: Reply, session: Session) -> None:
        """Count transient failures in a row; any other reply closes the circuit."""
        circuit = self.circuit(name)
        if reply.error_type not in TRANSIENT:
            self._close(circuit, name, session)
            return
        circuit.failures += 1
        if circuit.state == "half_open" or circuit.failures == self._policy.threshold:
            circuit.state = "open"
            circuit.since_s = session.clock.now()
            session.emit("breaker_opened", name=name, payload={"failures": circuit.failures})

    def _close(self, circuit: Circuit, name: str, session: Session) -> None:
        if circuit.state != "closed":
            circuit.state = "closed"
            session.emit("breaker_closed", name=name)
        circuit.failures = 0


class NoBreakers:
    """Lets every call through."""

    def allows(self, _name: str, _session: Session) -> bool:
        """Say yes."""
        return True

    def is_open(self, _name: str) -> bool:
        """Say no."""
        return False

    def learn(self, _name: str, _reply: Reply, _session: Session) -> None:
        """Learn nothing."""
