"""The skeleton of an agent for production: a small orchestrator round a model that can not be trusted to stop.

It has what articles on the subject ask for: a budget, a circuit breaker, a gate before what can not be taken back,
keys and backoff for its retries, a context that does not grow without end. Play it under faults to see what each of
them leaves open:

    harness run demo --agent examples.skeleton:agent
"""

from __future__ import annotations

import asyncio
import time
import uuid
from dataclasses import dataclass

from harness.agents import ModelFailed, Toolbox, ToolFailed
from harness.content import Ask
from harness.planners import Decision, Observation, ToolRequest, observe

ATTEMPTS = 3
TOOL_TIMEOUT_S = 5.0
MODEL_TIMEOUT_S = 20.0
CONTEXT_TOKENS_MAX = 4_000


class Stop(Exception):
    """The run has to end here."""


@dataclass
class Breaker:
    """Ends the run when calls keep failing; after a while, one more may try."""

    failures_max: int = 5
    cool_down_s: float = 30.0
    failures: int = 0
    opened_s: float = 0.0

    def check(self) -> None:
        """Raise Stop while it is open."""
        if self.failures >= self.failures_max and time.monotonic() < self.opened_s + self.cool_down_s:
            raise Stop("too many calls have failed")

    def learn(self, *, ok: bool) -> None:
        """Count failures in a row."""
        self.failures = 0 if ok else self.failures + 1
        self.opened_s = time.monotonic()


class Orchestrator:
    """Decides, turn by turn, whether what the model wants is done."""

    def __init__(self, ask: Ask, tools: Toolbox) -> None:
        self.tools = tools
        self.budget = ask.budget
        self.run_id = uuid.uuid4().hex
        self.deadline_s = time.monotonic() + ask.budget.deadline_s
        self.breaker = Breaker()
        self.approved: set[str] = set()
        self.seen: list[Observation] = []
        self.calls = 0

    async def run(self) -> str:
        """Let the model act until it has an answer."""
        while True:
            self.check_budget()
            decision = await self.think()
            if decision.answer is not None:
                return decision.answer
            for request in decision.calls:
                self.seen.append(await self.act(request))
                self.trim_context()

    def check_budget(self) -> None:
        """Raise Stop when something is used up."""
        usage, budget = self.tools.usage, self.budget
        if self.tools.steps >= budget.max_steps or self.calls >= budget.max_tool_calls:
            raise Stop("too many steps")
        if usage.tokens_in >= budget.max_tokens_in or usage.tokens_out >= budget.max_tokens_out:
            raise Stop("too many tokens")
        if (usage.cost_usd or 0.0) >= budget.max_cost_usd or time.monotonic() >= self.deadline_s:
            raise Stop("too much money or time")

    def trim_context(self) -> None:
        """Forget the oldest results when there are too many to read."""
        while sum(one.tokens for one in self.seen) > CONTEXT_TOKENS_MAX:
            self.seen.pop(0)

    async def think(self) -> Decision:
        """Ask the model, and ask again when it fails."""
        for attempt in range(ATTEMPTS):
            try:
                return await self.tools.think(self.seen, timeout_s=MODEL_TIMEOUT_S)
            except ModelFailed:
                await asyncio.sleep(2.0**attempt)
        raise Stop("the model does not answer")

    async def act(self, request: ToolRequest) -> Observation:
        """Do what the model wants, if a person lets it."""
        if not await self.may(request):
            return observe(request, "denied", message="a person said no")
        self.calls += 1
        return await self.call(request)

    async def may(self, request: ToolRequest) -> bool:
        """Ask a person before a tool is used whose effects can not be taken back; once is enough."""
        irreversible = {spec.name for spec in self.tools.specs if spec.effect == "irreversible"}
        if request.tool not in irreversible - self.approved:
            return True
        if await self.tools.approved(request.tool, request.arguments):
            self.approved.add(request.tool)
        return request.tool in self.approved

    async def call(self, request: ToolRequest) -> Observation:
        """Call a tool, again where that may help, with a key by which it knows a repeat."""
        key = f"{self.run_id}:{self.tools.steps}:{request.tool}"
        problem = ""
        for attempt in range(ATTEMPTS):
            self.breaker.check()
            try:
                value = await self.tools.call(
                    request.tool, request.arguments, idempotency_key=key, timeout_s=TOOL_TIMEOUT_S
                )
            except ToolFailed as error:
                self.breaker.learn(ok=False)
                problem = error.reply.message
                if not error.reply.retryable:
                    return observe(request, "failed", message=problem)
                await asyncio.sleep(2.0**attempt)
            else:
                self.breaker.learn(ok=True)
                return observe(request, "ok", value)
        return observe(request, "failed", message=f"{problem}, {ATTEMPTS} times", retryable=True)


async def agent(ask: Ask, tools: Toolbox) -> str:
    """Do what the user asks for, within bounds."""
    try:
        return await Orchestrator(ask, tools).run()
    except Stop as reason:
        return f"I had to stop: {reason}. Please ask again later."
