"""On whose behalf a call is made, and with what right: the principal of the run, one tool, for a short while."""

from __future__ import annotations

from typing import Protocol

import msgspec

from harness.boundary import Call, Session
from harness.orchestrator.policy import Policy


class Identity(Protocol):
    """Signs calls."""

    def sign(self, call: Call) -> Call:
        """Return the call with its principal and its credential."""


class ScopedIdentity:
    """A new credential for every attempt: for the run's own principal and this one tool; it soon expires."""

    def __init__(self, policy: Policy, session: Session) -> None:
        self._agent = policy.agent
        self._ttl_s = policy.credential_ttl_s
        self._session = session

    def sign(self, call: Call) -> Call:
        """Mint the credential at the last moment; models and people need none."""
        credential = None
        if call.port in ("tool", "retrieval", "memory", "agent"):
            credential = self._session.credential(self._agent, call.name, self._ttl_s)
        return msgspec.structs.replace(call, principal=self._session.principal, credential=credential)
