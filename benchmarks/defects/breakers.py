"""Breakers, bulkheads and the kill switch: missing, shared by the wrong calls, or stuck."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

import msgspec

from benchmarks.defects.caught import Caught
from harness.boundary import Reply, Session
from harness.orchestrator import Parts, parts_without
from harness.orchestrator.breakers import Circuit, ToolBreakers
from harness.orchestrator.bulkheads import ToolBulkheads
from harness.orchestrator.kill_switch import ErrorRateSwitch

no_breakers = parts_without(["breakers"])


class _OneBreaker(ToolBreakers):
    """One broken tool poisons all others."""

    def circuit(self, _name: str) -> Circuit:
        return super().circuit("everything")


one_breaker_for_all_tools = Parts(breakers=_OneBreaker)


class _OwnBreaker(ToolBreakers):
    """Each run has to find out by itself."""

    _run_id = ""

    def circuit(self, name: str) -> Circuit:
        return super().circuit(f"{self._run_id} {name}")

    def allows(self, name: str, session: Session) -> bool:
        self._run_id = session.run_id
        return super().allows(name, session)

    def learn(self, name: str, reply: Reply, session: Session) -> None:
        self._run_id = session.run_id
        super().learn(name, reply, session)


breaker_of_each_run = Parts(breakers=_OwnBreaker)


class _StuckBreaker(ToolBreakers):
    """Never lets a probe through."""

    def allows(self, name: str, _session: Session) -> bool:
        return self.circuit(name).state == "closed"


breaker_never_half_opens = Parts(breakers=_StuckBreaker)


class _CrowdedProbe(ToolBreakers):
    """Lets everybody probe at once."""

    def allows(self, name: str, session: Session) -> bool:
        return super().allows(name, session) or self.circuit(name).state == "half_open"


everybody_probes = Parts(breakers=_CrowdedProbe)


class _LongMemory(ToolBreakers):
    """Adds failures up, whatever worked between them."""

    def learn(self, name: str, reply: Reply, session: Session) -> None:
        failures = self.circuit(name).failures
        super().learn(name, reply, session)
        self.circuit(name).failures = max(failures, self.circuit(name).failures)


breaker_forgives_nothing = Parts(breakers=_LongMemory)


class _StrictBreaker(ToolBreakers):
    """Blames the tool for what its caller did wrong."""

    def learn(self, name: str, reply: Reply, session: Session) -> None:
        blamed = reply if reply.ok else msgspec.structs.replace(reply, error_type="unavailable")
        super().learn(name, blamed, session)


breaker_counts_every_error = Parts(breakers=_StrictBreaker)


class _SilentBreaker(ToolBreakers):
    """Is open, and does not say so, so that a write to a broken tool is no draft."""

    def is_open(self, _name: str) -> bool:
        return False


open_breaker_drafts_nothing = Parts(breakers=_SilentBreaker)

no_bulkheads = parts_without(["bulkheads"])


class _OneBulkhead(ToolBulkheads):
    """Whoever waits for one tool keeps others from another one."""

    def admit(self, _name: str) -> AbstractAsyncContextManager[None]:
        return super().admit("everything")


one_bulkhead_for_all_tools = Parts(bulkheads=_OneBulkhead)

no_kill_switch = parts_without(["kill_switch"])


class _FinalSwitch(ErrorRateSwitch):
    """Trips, and never comes back."""

    def learn(self, reply: Reply, session: Session) -> None:
        super().learn(reply, session)
        if self._off_until_s:
            self._off_until_s = float("inf")


kill_switch_stays_off = Parts(kill_switch=_FinalSwitch)


class _NervousSwitch(ErrorRateSwitch):
    """Takes the share of the few calls that it has seen so far."""

    def learn(self, reply: Reply, session: Session) -> None:
        while len(self._last) < self._policy.calls:
            self._last.append(not reply.ok)
        super().learn(reply, session)


kill_switch_judges_from_one_call = Parts(kill_switch=_NervousSwitch)


class _SlowSwitch(ErrorRateSwitch):
    """Keeps counting what made it trip, and trips again on the first call after the pause."""

    def learn(self, reply: Reply, session: Session) -> None:
        seen = [*self._last]
        super().learn(reply, session)
        if not self._last:
            self._last.extend([*seen, not reply.ok])


kill_switch_forgets_nothing = Parts(kill_switch=_SlowSwitch)

DEFECTS = {
    "no_breakers": Caught("breaker_for_each_tool", "L4"),
    "one_breaker_for_all_tools": Caught("breaker_for_each_tool", "L4"),
    "breaker_of_each_run": Caught("breaker_for_each_tool", "L4"),
    "breaker_never_half_opens": Caught("breaker_for_each_tool", "L4"),
    "everybody_probes": Caught("breaker_for_each_tool", "L4"),
    "breaker_forgives_nothing": Caught("breaker_for_each_tool", "L4"),
    "breaker_counts_every_error": Caught("breaker_counts_outages", "L4", "R5"),
    "open_breaker_drafts_nothing": Caught("draft_for_a_broken_tool", "L4"),
    "no_bulkheads": Caught("bulkheads", "L4", "L16"),
    "one_bulkhead_for_all_tools": Caught("bulkheads", "L4", "L16"),
    "no_kill_switch": Caught("kill_switch", "D13"),
    "kill_switch_stays_off": Caught("kill_switch", "D13"),
    "kill_switch_judges_from_one_call": Caught("kill_switch", "D13"),
    "kill_switch_forgets_nothing": Caught("kill_switch", "D13"),
}
