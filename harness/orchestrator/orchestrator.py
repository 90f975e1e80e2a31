"""The run loop: observe, decide, act, within budgets; the orchestrator owns the control flow, the planner does not."""

from __future__ import annotations

import msgspec

from harness.boundary import Call, Session
from harness.content import Ask
from harness.orchestrator.ending import last_of_each
from harness.orchestrator.fallbacks import Outcome, unknown_past
from harness.orchestrator.halts import Halt
from harness.orchestrator.parts import Parts, Shared
from harness.orchestrator.policy import Policy
from harness.orchestrator.run import Run
from harness.orchestrator.run_log import RunLog
from harness.orchestrator.run_record import RunRecord, run_record
from harness.planners import Classification, Context, Critique, Decision, Synthesis


class Orchestrator:
    """Drives planners through tools that can fail.

    A run is named by its session's ``run_id``: running one that the log knows goes on with it, and repeats nothing.
    Breakers, bulkheads, the kill switch and what tenants have spent are shared by all runs of one orchestrator.
    """

    def __init__(self, policy: Policy | None = None, parts: Parts | None = None, log: RunLog | None = None) -> None:
        self._policy = policy or Policy()
        self._parts = parts or Parts()
        self._driven: set[str] = set()
        self._shared = Shared.made_by(self._parts, self._policy)
        self.log = log or self._parts.log()

    async def run(self, ask: Ask, session: Session) -> Outcome:
        """Run one ask to its end, or go on with it; a halt is an outcome with a summary, not an exception."""
        life = self._parts.life(session, self.log)
        life.announce()
        run = self._parts.run(self._policy, ask, life, self._shared, driven_before=session.run_id in self._driven)
        self._driven.add(session.run_id)
        return await _Loop(run, self._parts, self.log).to_its_end()

    def record(self, run_id: str) -> RunRecord | None:
        """Return where a run stands; None for one that never began."""
        return run_record(self.log, run_id)


class _Loop:
    """One run from its start to its outcome."""

    def __init__(self, run: Run, parts: Parts, log: RunLog) -> None:
        self._run = run
        self._log = log
        self._emit = run.session.emit
        self._parts = parts
        self._carrier = parts.carrier(run)
        self._models = parts.models(run, self._carrier)
        self._gateway = parts.gateway(run, self._carrier)
        self._fallbacks = parts.fallbacks(run, self._carrier, self._models)
        self._context = Context(run.ask, run.catalogue, self._gateway.observations)
        self._reviews = 0

    async def to_its_end(self) -> Outcome:
        await self._begin()
        try:
            outcome = await self._completed(await self._answer())
        except Halt as halt:
            if halt.cause == "budget":
                self._emit("budget_exceeded", step=self._run.meter.steps, payload=halt.facts)
            outcome = await self._fallbacks.fall_back(halt, self._context)
        payload = {"answer": outcome.answer, "record": self._record()}
        self._emit("run_completed", step=self._run.meter.steps, result=outcome.state, payload=payload)
        return outcome

    def _record(self) -> dict[str, object]:
        """Return the run record as it stands at the end; what the event says by itself is left out."""
        record = msgspec.to_builtins(run_record(self._log, self._run.session.run_id))
        return {name: value for name, value in record.items() if name not in ("run_id", "state", "outcome")}

    async def _begin(self) -> None:
        run, meter = self._run, self._run.meter
        if run.mode == "synchronous":
            meter.deadline_s = min(meter.deadline_s, run.policy.interactive_s)
        thrifty = await run.life.refuses("all steps", meter.should_be_thrifty)
        if thrifty:
            meter.be_thrifty()
        self._emit(
            "run_started",
            payload={
                "task_id": run.ask.task_id,
                "user": run.ask.user,
                "tenant": run.ask.tenant,
                "mode": run.mode,
                "max_steps": meter.max_steps,
                "deadline_at_s": meter.deadline_at_s,
            },
        )
        if thrifty:
            self._emit("fallback_activated", payload={"cause": "tenant_budget", "mode": "fewer_steps"})

    async def _heed_the_kill_switch(self) -> None:
        run = self._run
        if await run.life.refuses("kill switch", lambda: run.kill_switch.is_off(run.session)):
            raise Halt("kill_switch", "too many calls fail; agents are switched off for a while")

    async def _answer(self) -> str:
        await self._prepare()
        while True:
            await self._heed_the_kill_switch()
            step = self._run.meter.next_step()
            decision = await self._models.answer("planner", self._context, step)
            assert isinstance(decision, Decision)
            if decision.answer is None:
                await self._gateway.execute_all(decision.calls, decision.confidence, step)
            elif await self._accepted(decision.answer, step):
                return await self._worded(decision.answer, step)

    async def _prepare(self) -> None:
        """Recall earlier episodes, and let the classification role turn away what needs a person at once."""
        if self._run.policy.context.recall and "recall" in self._context.catalogue:
            await self._recall()
        if self._models.plays("classification"):
            found = await self._models.answer("classification", self._context, 0)
            assert isinstance(found, Classification)
            if found.requires_human:
                raise Halt("requires_human", "this needs a person from the start")

    async def _recall(self) -> None:
        arguments = {"query": self._run.ask.text[:200], "limit": self._run.policy.context.recall}
        call = Call("memory", "recall", arguments, self._run.session.run_id, step=0)
        reply = await self._carrier.carry(call, self._run.policy.tool_timeout_s)
        match reply.value:
            case {"memories": [*memories]} if reply.ok and memories:
                self._run.provenance.saw(self._context.catalogue["recall"], reply.value)
                recalled = tuple(str(one["text"]) for one in memories if isinstance(one, dict) and "text" in one)
                self._context = msgspec.structs.replace(self._context, recalled=recalled)

    async def _accepted(self, draft: str, step: int) -> bool:
        """Let the critique role look at a drafted answer, so many times at most."""
        if not self._models.plays("critique") or self._reviews >= self._run.policy.models.reviews:
            return True
        self._reviews += 1
        critique = await self._models.answer("critique", msgspec.structs.replace(self._context, draft=draft), step)
        assert isinstance(critique, Critique)
        if not critique.accept:
            self._context = msgspec.structs.replace(self._context, notes=(critique.problem,))
        return critique.accept

    async def _worded(self, draft: str, step: int) -> str:
        if not self._models.plays("synthesis"):
            return draft
        synthesis = await self._models.answer("synthesis", msgspec.structs.replace(self._context, draft=draft), step)
        assert isinstance(synthesis, Synthesis)
        return synthesis.answer

    async def _completed(self, answer: str) -> Outcome:
        """Wait for people where something waits for them, and say nothing that did not happen."""
        await self._gateway.settle()
        ending = self._parts.ending(answer, self._context.observations, self._context.catalogue)
        if not ending.open_ends:
            return Outcome("completed", self._with_the_unknown_past(ending.answer))
        handed_over = await self._fallbacks.hand_over(ending.answer, ending.open_ends)
        payload = {"cause": "open_ends", "mode": "human_queue" if handed_over else "summary"}
        self._emit("fallback_activated", step=self._run.meter.steps, payload=payload)
        return Outcome("queued" if handed_over else "failed", ending.answer)

    def _with_the_unknown_past(self, answer: str) -> str:
        """Say what earlier lives may have done, unless this one has done all that it was about to: it has looked."""
        written = last_of_each(self._context.observations, self._context.catalogue).values()
        has_looked = bool(written) and all(one.status == "ok" for one in written)
        return " ".join((answer, *unknown_past(self._run, has_looked=has_looked)))
