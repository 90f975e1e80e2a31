"""People in the loop: each approval is bound to exact arguments, has a time to live, and silence is a no."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from harness.boundary import Call, Session
from harness.content import Ask
from harness.history import digest
from harness.orchestrator.budgets import BudgetMeter
from harness.orchestrator.policy import Policy
from harness.planners import ToolRequest

REVIEWER, SUPERVISOR = 1, 2
ASKED_AT_MOST = 2


class Occasion(msgspec.Struct, frozen=True):
    """Why and at which step a person is asked, and how often this run has done it to the same thing before."""

    reason: str
    step: int
    done_before: int = 0


class Approvals(Protocol):
    """Asks people about actions."""

    async def ask(self, request: ToolRequest, occasion: Occasion) -> ToolRequest | None:
        """Return the request as a person approves it, perhaps with other arguments; None for a no."""


class BoundApprovals:
    """Asks about exactly this call: another argument is another question. A no is not asked about again."""

    def __init__(self, policy: Policy, ask: Ask, session: Session, meter: BudgetMeter) -> None:
        self._policy = policy.approval
        self._ask = ask
        self._session = session
        self._meter = meter
        self._granted: dict[str, tuple[ToolRequest, float]] = {}
        self._denied: set[str] = set()

    async def ask(self, request: ToolRequest, occasion: Occasion) -> ToolRequest | None:
        """Ask a reviewer, and a supervisor when the reviewer wants that; an approval holds for its time to live."""
        bound = self.bound_to(request)
        if bound in self._denied:
            return None
        granted, until_s = self._granted.get(bound, (None, 0.0))
        if granted is not None and self._session.clock.now() < until_s:
            return granted
        granted = await self._decided(request, occasion)
        if granted is None:
            self._denied.add(bound)
        else:
            self._granted[bound] = (granted, self._session.clock.now() + self._policy.ttl_s)
        return granted

    def bound_to(self, request: ToolRequest) -> str:
        """Name what an approval holds for."""
        return digest([request.tool, request.arguments, request.intent])

    async def _decided(self, request: ToolRequest, occasion: Occasion) -> ToolRequest | None:
        value = await self._answer(request, occasion, REVIEWER)
        if value.get("decision") == "escalate":
            value = await self._answer(request, occasion, SUPERVISOR)
        changed = value.get("arguments")
        if value.get("decision") == "modify" and isinstance(changed, dict):
            return msgspec.structs.replace(request, arguments=changed)
        return request if value.get("decision") == "approve" else None

    async def _answer(self, request: ToolRequest, occasion: Occasion, level: int) -> dict[str, Any]:
        """Return what a person says to exactly this request; a yes to something else is asked about once more."""
        for _ in range(ASKED_AT_MOST):
            value = await self._said(request, occasion, level)
            if value.get("decision") != "approve" or value.get("given_for", request.arguments) == request.arguments:
                return value
        return {}

    async def _said(self, request: ToolRequest, occasion: Occasion, level: int) -> dict[str, Any]:
        parks = self._policy.waiting == "parks"
        asked_at_s = self._session.clock.now()
        call = Call(
            port="approval",
            name=request.tool,
            arguments={
                "ask": self._ask.text,
                "tool": request.tool,
                "arguments": request.arguments,
                "reason": occasion.reason,
                "done_before": occasion.done_before,
                "level": level,
            },
            run_id=self._session.run_id,
            principal=self._session.principal,
            timeout_s=self._policy.ttl_s if parks else self._meter.cut(self._policy.ttl_s),
            step=occasion.step,
        )
        reply = await self._session.send(call)
        if parks:
            self._park(self._session.clock.now() - asked_at_s, occasion.step)
        return reply.value if reply.ok and isinstance(reply.value, dict) else {}

    def _park(self, waited_s: float, step: int) -> None:
        self._session.emit("run_parked", step=step, payload={"parked_s": waited_s})
        self._meter.park(waited_s)
