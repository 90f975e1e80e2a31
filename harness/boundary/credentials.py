"""Credentials: who acts, for whom, with which tool, until when; signed, so that no agent can make its own."""

from __future__ import annotations

import hashlib
import hmac

import msgspec

from harness.boundary.calls import Call, Credential, Principal
from harness.history import canonical_json


class Mint:
    """Signs credentials, and tells its own from all others."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def issue(self, principal: Principal, agent: str, tool: str, expires_at_s: float) -> Credential:
        """Return a right of ``agent`` to call ``tool`` for ``principal``, up to ``expires_at_s`` (epoch seconds)."""
        unsigned = Credential(principal, agent, tool, float(expires_at_s))
        return msgspec.structs.replace(unsigned, signature=self._signature(unsigned))

    def problem(self, credential: Credential | None, tool: str, now_s: float) -> str | None:
        """Say why ``credential`` is no right to call ``tool`` now; None where it is one."""
        if credential is None:
            return "the call carries no credential"
        if not hmac.compare_digest(credential.signature.encode(), self._signature(credential).encode()):
            return "the credential is forged"
        if credential.tool != tool:
            return f"the credential is for {credential.tool}, not for {tool}"
        if now_s >= credential.expires_at_s:
            return "the credential has expired"
        return None

    def refusal(self, call: Call, now_s: float) -> str | None:
        """Say why ``call`` has no right to what it asks for, in whose name it claims to be; None where it has."""
        credential = call.credential
        problem = self.problem(credential, call.name, now_s)
        if problem is None and credential is not None and credential.principal != call.principal:
            return f"the credential is for {_named(credential.principal)}, the call for {_named(call.principal)}"
        return problem

    def _signature(self, credential: Credential) -> str:
        text = canonical_json(msgspec.structs.replace(credential, signature=""))
        return hmac.new(self._secret, text, hashlib.sha256).hexdigest()


def _named(principal: Principal) -> str:
    return f"{principal.user} of {principal.tenant}"
