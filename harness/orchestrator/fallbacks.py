"""Graceful degradation: what a run does for its user when it can not go on, chosen by cause, each time on record."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from harness.boundary import Call, ToolSpec
from harness.orchestrator.carrier import Carrier
from harness.orchestrator.halts import Halt
from harness.orchestrator.models import Models
from harness.orchestrator.policy import Cause, Mode
from harness.orchestrator.run import Run
from harness.planners import Context, Observation, Synthesis, ToolRequest

TerminalState = Literal["completed", "halted", "failed", "queued"]
STATES: dict[Cause, TerminalState] = {
    "budget": "halted",
    "loop": "halted",
    "planner": "failed",
    "kill_switch": "failed",
    "requires_human": "queued",
}
QUERY_LENGTH = 200
KNOWN_LENGTH = 300
QUEUE_TIMEOUT_S = 10.0
FORGOTTEN = "The log of an earlier life is lost: whether that has done something is unknown."


class Outcome(msgspec.Struct, frozen=True):
    """How a run ended, and what it said.

    ``completed``: with the planner's answer. ``halted``: by a budget or a loop. ``failed``: for want of a planner.
    ``queued``: something is left with people.
    """

    state: TerminalState
    answer: str


class Fallbacks:
    """Ends a run that can not go on."""

    def __init__(self, run: Run, carrier: Carrier, models: Models) -> None:
        self._run = run
        self._carrier = carrier
        self._models = models
        self._modes = {
            "summary": self._summary,
            "single_turn": self._single_turn,
            "retrieval_only": self._retrieval_only,
            "human_queue": self._human_queue,
        }

    async def fall_back(self, halt: Halt, context: Context) -> Outcome:
        """Try the modes that the policy names for the cause, and a summary at last."""
        modes: tuple[Mode, ...] = (*getattr(self._run.policy.degradation, halt.cause), "summary")
        for mode in modes:
            try:
                answer = await self._modes[mode](str(halt), context)
            except Halt:
                continue  # this mode needs what the run no longer has
            if answer is not None:
                break
        payload = {"cause": halt.cause, "mode": mode, **halt.facts}
        self._run.session.emit("fallback_activated", step=self._run.meter.steps, payload=payload)
        state = "queued" if mode == "human_queue" else STATES[halt.cause]
        told = [f"{answer} {account(halt, context.observations)}", *unknown_past(self._run, has_looked=False)]
        return Outcome(state, " ".join(told))

    async def _summary(self, _cause: str, _context: Context) -> str | None:
        return "I stopped before the end."

    async def _single_turn(self, cause: str, context: Context) -> str | None:
        """Let the synthesis role answer from what there is, without another tool."""
        if not self._models.plays("synthesis"):
            return None
        known = "; ".join(one.text[:KNOWN_LENGTH] for one in context.observations if one.status == "ok")
        notes = (f"Answer now, from what you have: {cause}.",)
        asked = msgspec.structs.replace(context, draft=f"What I found so far: {known}.", notes=notes)
        answer = await self._models.answer("synthesis", asked, self._run.meter.steps)
        assert isinstance(answer, Synthesis)
        return answer.answer

    async def _retrieval_only(self, _cause: str, context: Context) -> str | None:
        """Answer with what a search for the ask itself finds."""
        tool = next((one for one in context.catalogue.values() if one.port == "retrieval"), None)
        if tool is None:
            return None
        reply = await self._carrier.carry(self._search(tool), self._run.policy.tool_timeout_s)
        if not reply.ok:
            return None
        return f"I can not work on this now. What I found about it: {_first_text(reply.value)}"

    def _search(self, tool: ToolSpec) -> Call:
        query = {"query": self._run.ask.text[:QUERY_LENGTH]}
        return Call(tool.port, tool.name, query, self._run.session.run_id, step=self._run.meter.steps)

    async def _human_queue(self, cause: str, context: Context) -> str | None:
        if not await self.hand_over(cause, context.observations):
            return None
        return "A person takes this over."

    async def hand_over(self, summary: str, recommended: Iterable[Observation]) -> bool:
        """Put a case into the human queue, with the actions that were meant to be taken; says whether it is there."""
        actions = [one.request for one in recommended if one.status in ("drafted", "queued", "unknown", "failed")]
        arguments = {"summary": summary, "recommended": [_shown(one) for one in actions]}
        session = self._run.session
        call = Call("user", "human_queue", arguments, session.run_id, session.principal, timeout_s=QUEUE_TIMEOUT_S)
        return (await session.send(call)).ok


def _shown(request: ToolRequest) -> dict[str, Any]:
    return {"tool": request.tool, "arguments": request.arguments}


def _first_text(value: Any) -> str:
    match value:
        case {"documents": [{"text": text}, *_]}:
            return str(text)
    return "nothing"


def unknown_past(run: Run, *, has_looked: bool) -> list[str]:
    """Say what earlier lives have done, or may have done; ``has_looked`` says that this life had occasion to find out.

    That is so for one that has lost its log and has come to its end: it looks up what it is about to do.
    """
    forgotten = [FORGOTTEN] if run.life.has_forgotten and not has_looked else []
    calls = sorted(name for name in run.life.left_behind if _changes_something(run.catalogue.get(name)))
    left_behind = [f"An earlier life of this run has made other calls of {', '.join(calls)}."] if calls else []
    return forgotten + left_behind


def _changes_something(spec: ToolSpec | None) -> bool:
    return spec is None or spec.effect != "read"


def account(cause: object, observations: Iterable[Observation]) -> str:
    """Say what was done, what was not, and why."""
    done = [one.request.tool for one in observations if one.status == "ok"]
    not_done = [f"{one.request.tool} ({one.status})" for one in observations if one.status != "ok"]
    told_done, told_not_done = ", ".join(done) or "nothing", ", ".join(not_done) or "nothing"
    return f"Why: {cause}. Done: {told_done}. Not done or not known: {told_not_done}."
