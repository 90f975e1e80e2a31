"""The circuit breakers against a model of a few lines, in whatever order questions, replies and time come."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from harness.boundary import Call, Principal, Reply, Session, failed, succeeded, unanswered
from harness.history import History
from harness.orchestrator import Policy
from harness.orchestrator.breakers import Circuit, ToolBreakers
from tests.machines import finds, holds
from tests.orchestrator.test_control_parts import StandingClock

THRESHOLD, COOLDOWN_S = 3, 10.0
POLICY = Policy.model_validate({"breaker": {"threshold": THRESHOLD, "cooldown_s": COOLDOWN_S}})
REPLIES = {
    "worked": succeeded(1),
    "refused": failed("validation", "no"),
    "timed out": unanswered(1.0),
    "broken": failed("transient_upstream", "503"),
    "busy": failed("rate_limit", "429"),
}
TRANSIENT = {"timed out", "broken", "busy"}
FOLLOWS = {
    None: {"breaker_opened"},
    "breaker_opened": {"breaker_half_opened", "breaker_closed"},
    "breaker_half_opened": {"breaker_half_opened", "breaker_opened", "breaker_closed"},
    "breaker_closed": {"breaker_opened"},
}

names = st.sampled_from(["pay", "mail"])


async def nobody(_call: Call) -> Reply:
    raise AssertionError


class BreakerMachine(RuleBasedStateMachine):
    """The model: for each tool the failures in a row, and since when it is left alone, or being probed."""

    make = ToolBreakers

    def __init__(self) -> None:
        super().__init__()
        self.breakers = self.make(POLICY)
        self.clock = StandingClock()
        self.history = History(self.clock.now)
        self.session = Session("run-1", Principal(), {}, nobody, self.clock, self.emit, lambda _one: 0.0)
        self.in_a_row = dict.fromkeys(["pay", "mail"], 0)
        self.resting_since_s: dict[str, float] = {}
        self.probed: set[str] = set()

    def emit(self, kind: Any, **fields: Any) -> object:
        return self.history.append(kind, **fields)

    @rule(name=names)
    def ask(self, name: str) -> None:
        since_s = self.resting_since_s.get(name)
        may = since_s is None or self.clock.now_s >= since_s + COOLDOWN_S
        assert self.breakers.allows(name, self.session) == may
        if may and since_s is not None:
            self.resting_since_s[name] = self.clock.now_s
            self.probed.add(name)

    @rule(name=names, reply=st.sampled_from(sorted(REPLIES)))
    def learn(self, name: str, reply: str) -> None:
        self.breakers.learn(name, REPLIES[reply], self.session)
        if reply not in TRANSIENT:
            self.in_a_row[name] = 0
            self.resting_since_s.pop(name, None)
            self.probed.discard(name)
            return
        self.in_a_row[name] += 1
        if name in self.probed or (name not in self.resting_since_s and self.in_a_row[name] >= THRESHOLD):
            self.resting_since_s[name] = self.clock.now_s
            self.probed.discard(name)

    @rule(name=names)
    def break_down(self, name: str) -> None:
        for _ in range(THRESHOLD):
            self.learn(name, "broken")

    @rule(seconds=st.integers(1, 11))
    def wait(self, seconds: int) -> None:
        self.clock.now_s += seconds

    @precondition(lambda self: self.resting_since_s)
    @rule()
    def wait_out(self) -> None:
        self.clock.now_s = max(self.clock.now_s, *(one + COOLDOWN_S for one in self.resting_since_s.values()))

    @invariant()
    def it_is_open_when_it_is_left_alone_and_not_probed(self) -> None:
        for name in self.in_a_row:
            assert self.breakers.is_open(name) == (name in self.resting_since_s and name not in self.probed)

    @invariant()
    def what_it_tells_makes_sense(self) -> None:
        for name in self.in_a_row:
            last: str | None = None
            for event in self.history.events:
                if event.name == name:
                    assert event.kind in FOLLOWS[last]
                    last = event.kind


class _TooPatient(ToolBreakers):
    """Counts one failure too few."""

    def learn(self, name: str, reply: Reply, session: Session) -> None:
        if self.circuit(name).failures == THRESHOLD - 1 and reply.status != "ok":
            self.circuit(name).failures -= 1
        super().learn(name, reply, session)


class _Resentful(ToolBreakers):
    """Does not forget failures for a success."""

    def learn(self, name: str, reply: Reply, session: Session) -> None:
        failures = self.circuit(name).failures
        super().learn(name, reply, session)
        if reply.ok:
            self.circuit(name).failures = failures


class _Joint(ToolBreakers):
    """Has one circuit for all tools."""

    def circuit(self, _name: str) -> Circuit:
        return super().circuit("all")


class _Floodgate(ToolBreakers):
    """Lets everything through once it is half open."""

    def allows(self, name: str, session: Session) -> bool:
        return super().allows(name, session) or self.circuit(name).state == "half_open"


class _Stuck(ToolBreakers):
    """Never lets a probe through."""

    def allows(self, name: str, _session: Session) -> bool:
        return self.circuit(name).state == "closed"


class _Hopeful(ToolBreakers):
    """Stays half open when the probe fails."""

    def learn(self, name: str, reply: Reply, session: Session) -> None:
        if self.circuit(name).state != "half_open" or reply.ok:
            super().learn(name, reply, session)


class _Offended(ToolBreakers):
    """Takes a refusal for a failure of the tool."""

    def learn(self, name: str, reply: Reply, session: Session) -> None:
        super().learn(name, REPLIES["broken"] if reply.error_type == "validation" else reply, session)


def test_the_breakers_do_what_the_model_does() -> None:
    holds(BreakerMachine)


@pytest.mark.parametrize("mutant", [_TooPatient, _Resentful, _Joint, _Floodgate, _Stuck, _Hopeful, _Offended])
def test_the_machine_finds_a_wrong_breaker(mutant: type[ToolBreakers]) -> None:
    finds(BreakerMachine, make=mutant)
