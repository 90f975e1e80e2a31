"""The tool gateway: what a planner wants passes the allowlist, its types, the rules and people before it goes out."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import msgspec

from harness.boundary import Call, Reply, ToolSpec, identity_of, identity_text
from harness.history import EventKind
from harness.orchestrator.approvals import Occasion
from harness.orchestrator.carrier import Carrier, already_applied
from harness.orchestrator.halts import Halt
from harness.orchestrator.rules import Question
from harness.orchestrator.run import Run
from harness.planners import Observation, ToolRequest, observe


@dataclass(frozen=True)
class Waiting:
    """An action that waits for a person while the run goes on."""

    request: ToolRequest
    spec: ToolSpec
    reason: str
    step: int
    confidence: float = 1.0


@dataclass
class Conduct:
    """What the tools of this run were used for so far, as the rules want to know it."""

    tools_used: set[str] = field(default_factory=set)
    spent: defaultdict[str, dict[str, float]] = field(default_factory=lambda: defaultdict(dict))
    unsettled: set[str] = field(default_factory=set)
    done: Counter[str] = field(default_factory=Counter)

    def read_only(self, thing: str) -> bool:
        """Whether nothing new may be written: no one builds on ground of which nobody knows whether it is there.

        A write of unknown outcome, or one that people have as a draft, may itself be repeated, with its own key.
        """
        return not self.unsettled <= {thing}

    def note(self, spec: ToolSpec, request: ToolRequest, reply: Reply) -> None:
        """Count a call that took effect, or may have."""
        if reply.status == "failed":
            return
        self.tools_used.add(spec.name)
        spent = self.spent[spec.name]
        for name, value in request.arguments.items():
            if isinstance(value, int | float):
                spent[name] = spent.get(name, 0.0) + value
        if reply.ok:
            self.unsettled.discard(thing_of(spec, request))
            self.done[thing_of(spec, request)] += 1
        elif spec.effect != "read":
            self.unsettled.add(thing_of(spec, request))


def thing_of(spec: ToolSpec, request: ToolRequest) -> str:
    """Name the tool and what it acts on."""
    return f"{spec.name}[{identity_text(identity_of(spec, request.arguments))}]"


class Gateway:
    """Executes what a planner wants, or says why not."""

    def __init__(self, run: Run, carrier: Carrier) -> None:
        self._run = run
        self._carrier = carrier
        self._conduct = Conduct()
        self._places = asyncio.Semaphore(run.policy.parallel_reads)
        self._applied: dict[str, Reply] = {}
        self.waiting: list[Waiting] = []
        self.observations: list[Observation] = []

    async def execute_all(self, requests: tuple[ToolRequest, ...], confidence: float, step: int) -> None:
        """Execute the requests of one turn in their order; reads that stand together go out at one time, bounded.

        What comes of each is added to ``observations``, also when a later one ends the run.
        """
        for reads, grouped in groupby(requests, self._reads):
            group = list(grouped)
            if reads and len(group) > 1:
                await self._read_all(group, confidence, step)
                continue
            for request in group:
                self.observations.append(await self.execute(request, confidence, step))

    def _reads(self, request: ToolRequest) -> bool:
        spec = self._run.catalogue.get(request.tool)
        return spec is not None and spec.effect == "read"

    async def _read_all(self, requests: list[ToolRequest], confidence: float, step: int) -> None:
        async def read(request: ToolRequest) -> Observation:
            async with self._places:
                return await self.execute(request, confidence, step)

        # All come to their end before one of them may end the run: nothing goes on behind it.
        for result in await asyncio.gather(*map(read, requests), return_exceptions=True):
            if isinstance(result, BaseException):
                raise result
            self.observations.append(result)

    async def execute(self, request: ToolRequest, confidence: float, step: int) -> Observation:
        """Carry out one request and return what the planner may know of it."""
        run = self._run
        spec = run.catalogue.get(request.tool)
        if spec is None:
            return self._refuse(request, step, "allowlist", "this tool is not on the allowlist")
        run.loops.check(request, step)
        request = run.derivations.apply(request)
        observation = self._ill_typed(request, spec, step) or await self._ruled(request, spec, confidence, step)
        run.loops.saw(observation, wrote=spec.effect != "read")
        run.derivations.saw(observation)
        return observation

    def _ill_typed(self, request: ToolRequest, spec: ToolSpec, step: int) -> Observation | None:
        problem = self._run.validation.problem(spec, request.arguments)
        if problem is None:
            return None
        refused = self._refuse(request, step, "typed_arguments", problem)
        return msgspec.structs.replace(refused, status="failed", error_type="validation")

    async def _ruled(self, request: ToolRequest, spec: ToolSpec, confidence: float, step: int) -> Observation:
        sure = confidence if request.confidence is None else request.confidence
        ruling = self._run.rules.decide(self._question(request, spec, sure))
        if ruling.verdict == "deny":
            return self._refuse(request, step, ruling.rule, ruling.reason)
        self._record("policy_allowed", request, step, ruling.rule, verdict=ruling.verdict)
        if spec.effect != "read" and sure < self._run.policy.approval.confidence_min:
            return self._queue(Waiting(request, spec, ruling.reason or "unsure", step, sure))
        if ruling.verdict == "approval":
            return await self._with_approval(Waiting(request, spec, ruling.reason, step))
        return await self._call(request, spec, step)

    def _question(self, request: ToolRequest, spec: ToolSpec, confidence: float) -> Question:
        provenance, principal = self._run.provenance, self._run.session.principal
        return Question(
            agent=self._run.policy.agent,
            user=principal.user,
            tenant=principal.tenant,
            tool=spec.name,
            effect=spec.effect,
            port=spec.port,
            arguments=request.arguments,
            tainted_by=tuple(provenance.tainted_by),
            from_untrusted=tuple(provenance.from_untrusted(spec, request.arguments)),
            ungrounded=tuple(provenance.ungrounded(spec, request.arguments)),
            confidence=confidence,
            tools_used=frozenset(self._conduct.tools_used),
            read_only=self._conduct.read_only(thing_of(spec, request)),
            spent=dict(self._conduct.spent[spec.name]),
        )

    async def _with_approval(self, waiting: Waiting) -> Observation:
        done_before = self._conduct.done[thing_of(waiting.spec, waiting.request)]
        granted = await self._run.approvals.ask(waiting.request, Occasion(waiting.reason, waiting.step, done_before))
        if granted is None:
            return observe(waiting.request, "denied", message=f"no approval ({waiting.reason})")
        # A person may have changed the arguments, and people mistype as well.
        return self._ill_typed(granted, waiting.spec, waiting.step) or await self._call(
            granted, waiting.spec, waiting.step
        )

    def _queue(self, waiting: Waiting) -> Observation:
        self.waiting.append(waiting)
        self._record("approval_queued", waiting.request, waiting.step, "confidence", queue_length=len(self.waiting))
        return observe(waiting.request, "queued", message="a person decides on this later")

    async def settle(self) -> None:
        """Ask people about what waits and is not forbidden by now, and carry out what they approve."""
        while self.waiting:
            self.observations.append(await self._settled(self.waiting.pop(0)))

    async def _settled(self, waiting: Waiting) -> Observation:
        ruling = self._run.rules.decide(self._question(waiting.request, waiting.spec, waiting.confidence))
        if ruling.verdict == "deny":
            return self._refuse(waiting.request, waiting.step, ruling.rule, ruling.reason)
        return await self._with_approval(waiting)

    async def _call(self, request: ToolRequest, spec: ToolSpec, step: int) -> Observation:
        run = self._run
        key = run.keys.key(spec, request, run.session.clock.now())
        if key in self._applied and spec.effect in run.policy.retry.look_up:
            # The tool would recognise the key as well, as long as it remembers; this is not left to it.
            self._record("policy_allowed", request, step, "already_applied", verdict="allow")
            return await self._observed(request, spec, already_applied(self._applied[key].value))
        call = Call(
            port=spec.port,
            name=spec.name,
            arguments=self._sent(request, spec, step),
            run_id=run.session.run_id,
            principal=run.session.principal,
            idempotency_key=key,
            step=step,
        )
        timeout_s = run.policy.hand_off_timeout_s if spec.port == "agent" else run.policy.tool_timeout_s
        try:
            reply = await self._carrier.carry(call, timeout_s, spec.effect)
        except Halt as halt:
            if halt.reply is not None:
                self.observations.append(await self._observed(request, spec, halt.reply))
            raise
        self._conduct.note(spec, request, reply)
        if reply.ok:
            self._note_applied(key, reply)
            run.provenance.saw(spec, reply.value)
            self._tell_of_memory(request, spec, step)
        return await self._observed(request, spec, reply)

    def _note_applied(self, key: str | None, reply: Reply) -> None:
        self._run.keys.applied(key)
        if key is not None:
            self._applied[key] = reply

    async def _finds_open(self, spec: ToolSpec, reply: Reply) -> bool:
        """Whether a write has failed because of an open circuit; in a run that goes on, as it was found then."""
        if reply.status != "failed" or spec.effect == "read":
            return False
        return await self._run.life.refuses(f"{spec.name} drafted", lambda: self._run.breakers.is_open(spec.name))

    def _sent(self, request: ToolRequest, spec: ToolSpec, step: int) -> dict[str, Any]:
        """Return the arguments; another agent gets what is left of the budget, and the trace, along with its ask."""
        if spec.port != "agent":
            return request.arguments
        trace = {"run_id": self._run.session.run_id, "step": step}
        budget = self._run.meter.left()
        self._run.session.emit("handoff", step=step, name=spec.name, payload={"trace": trace, "budget": budget})
        return {**request.arguments, "budget": budget, "trace": trace}

    def _tell_of_memory(self, request: ToolRequest, spec: ToolSpec, step: int) -> None:
        if spec.port == "memory" and spec.effect != "read":
            kind: EventKind = "memory_deleted" if spec.name == "forget" else "memory_written"
            owner = {"user": self._run.session.principal.user, "tenant": self._run.session.principal.tenant}
            self._run.session.emit(kind, step=step, name=spec.name, payload={"owner": owner, **request.arguments})

    async def _observed(self, request: ToolRequest, spec: ToolSpec, reply: Reply) -> Observation:
        """Say what came of it; a write to a tool that is down becomes a draft for people."""
        if await self._finds_open(spec, reply):
            payload = {"cause": "tool", "mode": "draft"}
            self._run.session.emit("fallback_activated", name=spec.name, payload=payload)
            self._conduct.unsettled.add(thing_of(spec, request))
            return observe(request, "drafted", message=f"{spec.name} is down; a person gets this as a draft")
        return observe(request, reply.status, reply.value, reply.error_type, reply.message, retryable=reply.retryable)

    def _refuse(self, request: ToolRequest, step: int, rule: str, message: str) -> Observation:
        self._record("policy_denied", request, step, rule, message=message)
        return observe(request, "denied", message=message)

    def _record(self, kind: EventKind, request: ToolRequest, step: int, rule: str, **facts: Any) -> None:
        payload = {"rule": rule, "arguments": request.arguments, **facts}
        self._run.session.emit(kind, step=step, name=request.tool, payload=payload)
