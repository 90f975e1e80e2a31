"""People in the loop: asked in a wrong way, not listened to, or not asked about what is unsure."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from benchmarks.defects.caught import Caught
from harness.boundary import Session, ToolSpec, identity_of
from harness.content import Ask
from harness.history import digest
from harness.orchestrator import Parts, Policy
from harness.orchestrator.approvals import BoundApprovals, Occasion
from harness.orchestrator.budgets import BudgetMeter
from harness.orchestrator.gateway import Gateway, Waiting
from harness.planners import Observation, ToolRequest, observe


class _Unbounded(BoundApprovals):
    """Waits for a person as long as the run lasts."""

    def __init__(self, policy: Policy, ask: Ask, session: Session, meter: BudgetMeter) -> None:
        super().__init__(policy, ask, session, meter)
        self._policy = self._policy.model_copy(update={"ttl_s": math.inf})


asks_without_a_time_to_live = Parts(approvals=_Unbounded)


class _Optimistic(BoundApprovals):
    """Takes silence for a yes."""

    async def _answer(self, request: ToolRequest, occasion: Occasion, level: int) -> dict[str, Any]:
        return await super()._answer(request, occasion, level) or {"decision": "approve"}


silence_is_a_yes = Parts(approvals=_Optimistic)


class _Eager(BoundApprovals):
    """Takes a yes for a yes, whatever it says that it was given for."""

    async def _answer(self, request: ToolRequest, occasion: Occasion, level: int) -> dict[str, Any]:
        return await self._said(request, occasion, level)


yes_to_something_else = Parts(approvals=_Eager)


class _ForTheTool(BoundApprovals):
    """Takes one yes for every call of the tool."""

    def bound_to(self, request: ToolRequest) -> str:
        return request.tool


approval_for_the_tool = Parts(approvals=_ForTheTool)


class _ForTheThing(BoundApprovals):
    """Takes one yes for everything that the tool may do to the same thing."""

    def bound_to(self, request: ToolRequest) -> str:
        spec = self._session.catalogue[request.tool]
        return digest([request.tool, identity_of(spec, request.arguments)])


approval_without_arguments = Parts(approvals=_ForTheThing)


class _ForTheArguments(BoundApprovals):
    """Takes one yes for every later wish to do the same again."""

    def bound_to(self, request: ToolRequest) -> str:
        return digest([request.tool, request.arguments])


approval_for_every_intent = Parts(approvals=_ForTheArguments)


class _Insistent(BoundApprovals):
    """Keeps no approval: whatever has to be sent again is asked about again."""

    async def ask(self, request: ToolRequest, occasion: Occasion) -> ToolRequest | None:
        self._granted.clear()
        return await super().ask(request, occasion)


approvals_are_not_kept = Parts(approvals=_Insistent)


class _Everlasting(BoundApprovals):
    """Keeps an approval for good."""

    async def ask(self, request: ToolRequest, occasion: Occasion) -> ToolRequest | None:
        self._granted = {bound: (granted, math.inf) for bound, (granted, _) in self._granted.items()}
        return await super().ask(request, occasion)


approvals_never_expire = Parts(approvals=_Everlasting)


class _Deaf(BoundApprovals):
    """Hears a yes, and not to what."""

    async def ask(self, request: ToolRequest, occasion: Occasion) -> ToolRequest | None:
        return request if await super().ask(request, occasion) is not None else None


modified_arguments_are_ignored = Parts(approvals=_Deaf)


class _Hasty(BoundApprovals):
    """Takes a question that is passed on for a yes."""

    async def _decided(self, request: ToolRequest, occasion: Occasion) -> ToolRequest | None:
        value = await self._answer(request, occasion, 1)
        return None if value.get("decision") == "deny" else request


escalation_is_a_yes = Parts(approvals=_Hasty)


class _Flat(BoundApprovals):
    """Knows nobody above the reviewer: a question that is passed on is a no."""

    async def _answer(self, request: ToolRequest, occasion: Occasion, level: int) -> dict[str, Any]:
        return await super()._answer(request, occasion, level) if level == 1 else {}


nobody_above_the_reviewer = Parts(approvals=_Flat)


class _Nagging(BoundApprovals):
    """Forgets a no, and asks again and again."""

    async def ask(self, request: ToolRequest, occasion: Occasion) -> ToolRequest | None:
        self._denied.clear()
        return await super().ask(request, occasion)


denials_are_forgotten = Parts(approvals=_Nagging)


class _Resentful(BoundApprovals):
    """Takes a no to one call for a no to all calls of the tool."""

    async def ask(self, request: ToolRequest, occasion: Occasion) -> ToolRequest | None:
        if request.tool in self._denied:
            return None
        granted = await super().ask(request, occasion)
        if granted is None:
            self._denied.add(request.tool)
        return granted


denial_is_for_the_tool = Parts(approvals=_Resentful)


class _Evasive(Gateway):
    """Tells the planner that a denied call failed for the moment."""

    async def _with_approval(self, waiting: Waiting) -> Observation:
        found = await super()._with_approval(waiting)
        if found.status != "denied":
            return found
        return observe(waiting.request, "failed", error_type="unavailable", message="not now", retryable=True)


denials_look_like_outages = Parts(gateway=_Evasive)


class _Secretive(BoundApprovals):
    """Shows people a call, and not what was asked for."""

    def __init__(self, policy: Policy, ask: Ask, session: Session, meter: BudgetMeter) -> None:
        super().__init__(policy, ask.model_copy(update={"text": ""}), session, meter)


people_do_not_see_the_ask = Parts(approvals=_Secretive)


class _Anonymous(BoundApprovals):
    """Shows people what is to be done, and not why they are asked."""

    async def ask(self, request: ToolRequest, occasion: Occasion) -> ToolRequest | None:
        return await super().ask(request, msgspec.structs.replace(occasion, reason="approval needed"))


people_are_not_told_why = Parts(approvals=_Anonymous)


class _Wordless(Gateway):
    """Tells the planner that a person said no, and not to what."""

    async def _with_approval(self, waiting: Waiting) -> Observation:
        found = await super()._with_approval(waiting)
        return msgspec.structs.replace(found, message="") if found.status == "denied" else found


denials_without_a_reason = Parts(gateway=_Wordless)


class _Confident(Gateway):
    """Takes every request for a sure one."""

    async def execute(self, request: ToolRequest, _confidence: float, step: int) -> Observation:
        return await super().execute(msgspec.structs.replace(request, confidence=1.0), 1.0, step)


confidence_is_ignored = Parts(gateway=_Confident)


class _OneConfidence(Gateway):
    """Knows one confidence for a whole turn."""

    async def execute(self, request: ToolRequest, confidence: float, step: int) -> Observation:
        return await super().execute(msgspec.structs.replace(request, confidence=None), confidence, step)


one_confidence_for_a_turn = Parts(gateway=_OneConfidence)


class _Dropping(Gateway):
    """Asks nobody about what waits, when the run is over."""

    async def settle(self) -> None:
        self.waiting.clear()


unsure_actions_are_dropped = Parts(gateway=_Dropping)


class _Blocking(Gateway):
    """Waits for a person at every unsure action, before anything else goes on."""

    async def _ruled(self, request: ToolRequest, spec: ToolSpec, confidence: float, step: int) -> Observation:
        found = await super()._ruled(request, spec, confidence, step)
        return await self._with_approval(self.waiting.pop()) if found.status == "queued" else found


unsure_actions_hold_up_the_run = Parts(gateway=_Blocking)


class _Refusing(Gateway):
    """Refuses what is unsure, so that nobody ever sees it."""

    def _queue(self, waiting: Waiting) -> Observation:
        return self._refuse(waiting.request, waiting.step, "confidence", "not sure enough")


unsure_actions_are_refused = Parts(gateway=_Refusing)


class _TrustingSettlement(Gateway):
    """Carries out at the end what has waited, without asking anybody."""

    async def settle(self) -> None:
        while self.waiting:
            waiting = self.waiting.pop(0)
            self.observations.append(await self._call(waiting.request, waiting.spec, waiting.step))


unsure_actions_happen_later = Parts(gateway=_TrustingSettlement)

DEFECTS = {
    "asks_without_a_time_to_live": Caught("nobody_is_there", "L7"),
    "silence_is_a_yes": Caught("silence_is_a_no", "L7"),
    "yes_to_something_else": Caught("yes_to_another_call", "L7", "D3"),
    "approval_for_the_tool": Caught("approval_for_exactly_this", "L7"),
    "approval_without_arguments": Caught("approval_for_exactly_this", "L7", "D3"),
    "approval_for_every_intent": Caught("approval_for_exactly_this", "L7"),
    "approvals_are_not_kept": Caught("approval_holds_for_its_time", "L7"),
    "approvals_never_expire": Caught("approval_runs_out", "L7"),
    "modified_arguments_are_ignored": Caught("person_changes_the_amount", "L7"),
    "escalation_is_a_yes": Caught("supervisor_decides", "L7"),
    "nobody_above_the_reviewer": Caught("supervisor_decides", "L7"),
    "denials_are_forgotten": Caught("denial_goes_back", "L7"),
    "denial_is_for_the_tool": Caught("denial_goes_back", "L7"),
    "denials_look_like_outages": Caught("denial_ends_the_walk", "L7"),
    "denials_without_a_reason": Caught("denial_ends_the_walk", "L7"),
    "people_do_not_see_the_ask": Caught("supervisor_decides", "L7", "D3"),
    "people_are_not_told_why": Caught("invented_identifier", "D3", "L7"),
    "confidence_is_ignored": Caught("unsure_actions_wait", "D6"),
    "one_confidence_for_a_turn": Caught("unsure_actions_wait", "D6"),
    "unsure_actions_are_dropped": Caught("unsure_actions_wait", "D6"),
    "unsure_actions_hold_up_the_run": Caught("unsure_actions_wait", "D6"),
    "unsure_actions_are_refused": Caught("unsure_actions_wait", "D6"),
    "unsure_actions_happen_later": Caught("unsure_actions_wait", "D6"),
}
