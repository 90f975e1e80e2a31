"""Calls in a wrong name, or with a right that is too wide, too old or missing."""

from __future__ import annotations

import msgspec

from benchmarks.defects.caught import Caught
from harness.boundary import Call, Credential, Principal, Session
from harness.orchestrator import Parts, Policy
from harness.orchestrator.identity import ScopedIdentity

SERVICE = Principal("service", "*")
DAY_S = 86_400.0


class _Deputy(ScopedIdentity):
    """Makes every call in the name of a service account that may do everything."""

    def sign(self, call: Call) -> Call:
        return msgspec.structs.replace(super().sign(call), principal=SERVICE)


service_account_for_all = Parts(identity=_Deputy)


class _Itself(ScopedIdentity):
    """Makes every call in the agent's own name."""

    def sign(self, call: Call) -> Call:
        principal = Principal(self._agent, self._session.principal.tenant)
        return msgspec.structs.replace(super().sign(call), principal=principal)


agent_acts_for_itself = Parts(identity=_Itself)


class _Stateless(ScopedIdentity):
    """Sends calls without a credential."""

    def sign(self, call: Call) -> Call:
        return msgspec.structs.replace(super().sign(call), credential=None)


calls_without_credentials = Parts(identity=_Stateless)


class _OneBadge(ScopedIdentity):
    """Fetches one credential at the first call, and shows it everywhere."""

    _badge: Credential | None = None

    def sign(self, call: Call) -> Call:
        signed = super().sign(call)
        self._badge = self._badge or signed.credential
        return msgspec.structs.replace(signed, credential=signed.credential and self._badge)


one_credential_for_the_run = Parts(identity=_OneBadge)


class _EarlyBadges(ScopedIdentity):
    """Fetches the credentials for all tools before the run begins."""

    def __init__(self, policy: Policy, session: Session) -> None:
        super().__init__(policy, session)
        self._badges = {name: session.credential(self._agent, name, self._ttl_s) for name in session.catalogue}

    def sign(self, call: Call) -> Call:
        signed = super().sign(call)
        return msgspec.structs.replace(signed, credential=signed.credential and self._badges[call.name])


credentials_fetched_ahead = Parts(identity=_EarlyBadges)


class _LongLived(ScopedIdentity):
    """Has credentials that last for a day, in case something takes long."""

    def __init__(self, policy: Policy, session: Session) -> None:
        super().__init__(policy, session)
        self._ttl_s = DAY_S


credentials_for_a_day = Parts(identity=_LongLived)


class _Wildcard(ScopedIdentity):
    """Has credentials for any tool."""

    def sign(self, call: Call) -> Call:
        signed = super().sign(call)
        badge = self._session.credential(self._agent, "*", self._ttl_s)
        return msgspec.structs.replace(signed, credential=signed.credential and badge)


credentials_for_any_tool = Parts(identity=_Wildcard)


class _Namesakes(ScopedIdentity):
    """Gives all agents one name."""

    def __init__(self, policy: Policy, session: Session) -> None:
        super().__init__(policy, session)
        self._agent = "agent"


one_identity_for_all_agents = Parts(identity=_Namesakes)


class _SelfMade(ScopedIdentity):
    """Writes its credentials itself, for the user who is known to have the right."""

    def sign(self, call: Call) -> Call:
        expires_at_s = self._session.clock.now() + self._ttl_s
        credential = Credential(SERVICE, self._agent, call.name, expires_at_s)
        return msgspec.structs.replace(super().sign(call), principal=SERVICE, credential=credential)


credentials_made_by_the_agent = Parts(identity=_SelfMade)


class _Supervisor(ScopedIdentity):
    """Hands work over in its own name, and not in that of the user."""

    def sign(self, call: Call) -> Call:
        signed = super().sign(call)
        if call.port != "agent":
            return signed
        return msgspec.structs.replace(signed, principal=Principal(self._agent, self._session.principal.tenant))


hand_offs_lose_the_user = Parts(identity=_Supervisor)

DEFECTS = {
    "service_account_for_all": Caught("right_of_the_user", "L11", "R16"),
    "agent_acts_for_itself": Caught("right_of_the_user", "L11"),
    "calls_without_credentials": Caught("right_of_the_user", "L12", "R16"),
    "credentials_made_by_the_agent": Caught("right_of_the_user", "L11", "L12"),
    "hand_offs_lose_the_user": Caught("user_behind_the_workers", "L11", "D4"),
    "one_credential_for_the_run": Caught("credentials_just_in_time", "L12", "R16"),
    "credentials_fetched_ahead": Caught("credentials_just_in_time", "L12"),
    "credentials_for_a_day": Caught("credentials_just_in_time", "L12"),
    "credentials_for_any_tool": Caught("credentials_just_in_time", "L12", "R16"),
    "one_identity_for_all_agents": Caught("credentials_just_in_time", "L12"),
}
