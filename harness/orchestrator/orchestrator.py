"""The run loop: observe, decide, act, within budgets; the orchestrator owns the control flow, the planner does not."""

from __future__ import annotations

from typing import Literal

import msgspec

from harness.boundary import Call, Session
from harness.content import Ask
from harness.orchestrator.budgets import BudgetExceeded, BudgetMeter
from harness.orchestrator.gateway import Carrier, Gateway
from harness.orchestrator.parts import Parts
from harness.orchestrator.policy import Policy
from harness.planners import Context, Decision

TerminalState = Literal["completed", "halted", "failed"]


class Outcome(msgspec.Struct, frozen=True):
    """How a run ended: with the planner's answer, halted by a budget, or failed for want of a planner."""

    state: TerminalState
    answer: str


class PlannerUnavailable(Exception):
    """The model could not be reached, or its answer was no decision."""


class Orchestrator:
    """Drives one planner after the other through tools that can fail; holds no state of any run."""

    def __init__(self, policy: Policy | None = None, parts: Parts | None = None) -> None:
        self._policy = policy or Policy()
        self._parts = parts or Parts()

    async def run(self, ask: Ask, session: Session) -> Outcome:
        """Run one ask to its end; a halt is an outcome with a summary, not an exception."""
        session.emit("run_started", payload={"task_id": ask.task_id, "user": ask.user, "tenant": ask.tenant})
        run = _Run(self._policy, self._parts, ask, session)
        try:
            outcome = Outcome("completed", await run.to_the_answer())
        except BudgetExceeded as exceeded:
            payload = {"budget": exceeded.budget, "limit": exceeded.limit, "used": exceeded.used}
            session.emit("budget_exceeded", step=run.meter.steps, payload=payload)
            outcome = run.fall_back("halted", str(exceeded))
        except PlannerUnavailable as unavailable:
            outcome = run.fall_back("failed", str(unavailable))
        session.emit("run_completed", step=run.meter.steps, result=outcome.state, payload={"answer": outcome.answer})
        return outcome


class _Run:
    """The parts and the context of one run."""

    def __init__(self, policy: Policy, parts: Parts, ask: Ask, session: Session) -> None:
        self.meter: BudgetMeter = parts.budgets(ask.budget, session)
        self._policy = policy
        self._session = session
        self._context = Context(ask, session.catalogue, [])
        self._carrier = Carrier(session, self.meter, parts.breakers(policy, session), parts.retries(policy, session))
        self._gateway = Gateway(
            policy, ask, session, self._carrier, parts.keys(session.run_id), parts.gate(), self.meter
        )

    async def to_the_answer(self) -> str:
        while True:
            step = self.meter.next_step()
            decision = await self._decide(step)
            if decision.answer is not None:
                return decision.answer
            for request in decision.calls:
                self._context.observations.append(await self._gateway.execute(request, step))

    async def _decide(self, step: int) -> Decision:
        call = Call(
            port="model",
            name=self._policy.model,
            arguments={},
            run_id=self._session.run_id,
            principal=self._session.principal,
            step=step,
            context=self._context,
        )
        reply = await self._carrier.carry(call, self._policy.model_timeout_s)
        self.meter.charge(reply)
        if not reply.ok:
            msg = f"the planner could not be reached: {reply.message}"
            raise PlannerUnavailable(msg)
        try:
            return msgspec.convert(reply.value, Decision)
        except msgspec.ValidationError as error:
            msg = f"the planner's answer is no decision: {error}"
            raise PlannerUnavailable(msg) from error

    def fall_back(self, state: TerminalState, cause: str) -> Outcome:
        """End with a summary of what was done and what was not."""
        done = [one.request.tool for one in self._context.observations if one.status == "ok"]
        open_ends = [one.request.tool for one in self._context.observations if one.status != "ok"]
        answer = (
            f"I stopped before the end: {cause}. Done: {', '.join(done) or 'nothing'}. "
            f"Not done or not known: {', '.join(open_ends) or 'nothing else was begun'}."
        )
        self._session.emit("fallback_activated", step=self.meter.steps, payload={"cause": cause, "mode": "summary"})
        return Outcome(state, answer)
