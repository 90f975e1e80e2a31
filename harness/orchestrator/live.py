"""The orchestrator outside of the simulation: the wall clock, real tools and a real model behind the same boundary."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from harness.boundary import (
    ArmedPlan,
    Boundary,
    Call,
    Catalogue,
    Delivery,
    FaultPlan,
    Mint,
    Port,
    Principal,
    Reply,
    Session,
    failed,
    unanswered,
)
from harness.history import EventKind, History
from harness.orchestrator.orchestrator import Orchestrator
from harness.orchestrator.parts import Parts
from harness.orchestrator.policy import Policy
from harness.orchestrator.run_log import SqliteRunLog
from harness.simulation import WallClock, draw

RUN_LOG = Path(".harness/run_log.db")
Handler = Callable[[Call], Awaitable[Reply]]


def live_orchestrator(
    policy: Policy | None = None, parts: Parts | None = None, *, run_log: Path = RUN_LOG
) -> Orchestrator:
    """Return an orchestrator whose runs are logged in an SQLite file, so that they outlive their process."""
    run_log.parent.mkdir(parents=True, exist_ok=True)
    return Orchestrator(policy, parts, SqliteRunLog(run_log))


def live_session(
    run_id: str,
    principal: Principal,
    catalogue: Catalogue,
    handlers: Mapping[Port, Handler],
    *,
    mint: Mint | None = None,
) -> Session:
    """Return a session whose calls go to ``handlers``, by port, in real time; each call is cut off at its timeout.

    A handler that raises is a bug of the handler, and is raised to the caller of the run.
    """
    clock = WallClock()
    began_at_s = clock.now()
    history = History(lambda: clock.now() - began_at_s)
    boundary = Boundary(_deliver_to(handlers), catalogue, history, ArmedPlan(FaultPlan(), {}, 0), _NoFaults())
    seed = secrets.randbits(63)
    signer = mint or Mint(secrets.token_bytes(32))

    def emit(kind: EventKind, *, step: int | None = None, **fields: Any) -> object:
        return history.append(kind, run_id=run_id, step=step, **fields)

    return Session(
        run_id=run_id,
        principal=principal,
        catalogue=catalogue,
        send=lambda call: boundary.send(call, _never),
        clock=clock,
        emit=emit,
        chance=lambda address: draw(seed, "agent", address),
        credential=lambda agent, tool, ttl_s: signer.issue(principal, agent, tool, clock.now() + ttl_s),
    )


class _NoFaults:
    """No fault is planned, so nothing is ever asked of this."""

    def forget_keys(self, tool: str, key: str | None = None) -> None:
        raise NotImplementedError(tool, key)

    def revoke(self, tool: str, principal: Principal) -> None:
        raise NotImplementedError(tool, principal)

    def foreign(self, thing: str, principal: Principal) -> str | None:
        raise NotImplementedError(thing, principal)

    def replicate(self, delivery: Delivery) -> Reply:
        raise NotImplementedError(delivery.address)

    def now(self) -> float:
        raise NotImplementedError


def _never(_fault: object) -> None:
    """Do nothing: no fault is planned that could ask for it."""


def _deliver_to(handlers: Mapping[Port, Handler]) -> Callable[[Delivery], Awaitable[Reply]]:
    async def deliver(delivery: Delivery) -> Reply:
        call = delivery.call
        handler = handlers.get(call.port)
        if handler is None:
            return failed("unavailable", f"nothing answers at port {call.port!r}; give live_session a handler for it")
        try:
            async with asyncio.timeout(call.timeout_s):
                return await handler(call)
        except TimeoutError:
            return unanswered(call.timeout_s)

    return deliver
