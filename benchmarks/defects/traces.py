"""What is left on record of a run, with one thing missing, and what a run does more than its record shows."""

from __future__ import annotations

from typing import Any

import msgspec

from benchmarks.defects.caught import Caught
from harness.boundary import Call, EffectClass, Reply
from harness.history import EventKind
from harness.orchestrator import Parts
from harness.orchestrator.carrier import Carrier
from harness.orchestrator.durable import Durable
from harness.orchestrator.gateway import Gateway
from harness.orchestrator.halts import Halt
from harness.orchestrator.models import Models, NoAnswer
from harness.planners import Context, Contract, Observation, Role, ToolRequest


class _QuietCarrier(Carrier):
    """Tries again without a word."""

    def _announce(self, call: Call, reply: Reply, attempt: int, wait_s: float) -> None:
        pass


silent_retries = Parts(carrier=_QuietCarrier)


class _UnnumberedCarrier(Carrier):
    """Sends every attempt as if it were the first."""

    async def _attempt(self, call: Call, timeout_s: float, _attempt: int) -> Reply:
        return await super()._attempt(call, timeout_s, 1)


attempts_without_a_number = Parts(carrier=_UnnumberedCarrier)


class _SteplessCarrier(Carrier):
    """Does not say to which turn of the planner a call belongs."""

    async def carry(self, call: Call, timeout_s: float, effect: EffectClass = "read") -> Reply:
        return await super().carry(msgspec.structs.replace(call, step=None), timeout_s, effect)


calls_without_a_step = Parts(carrier=_SteplessCarrier)


class _StrayCarrier(Carrier):
    """Gives every tool call a run of its own, so that nothing links it to the model call behind it."""

    async def carry(self, call: Call, timeout_s: float, effect: EffectClass = "read") -> Reply:
        if call.port != "model":
            call = msgspec.structs.replace(call, run_id=f"{call.run_id}.{call.step}")
        return await super().carry(call, timeout_s, effect)


tool_calls_in_runs_of_their_own = Parts(carrier=_StrayCarrier)


class _TightLippedGateway(Gateway):
    """Records what was refused, and not what was allowed by which rule."""

    def _record(self, kind: EventKind, request: ToolRequest, step: int, rule: str, **facts: Any) -> None:
        if kind != "policy_allowed":
            super()._record(kind, request, step, rule, **facts)


decisions_without_a_rule = Parts(gateway=_TightLippedGateway)


class _TwiceReadingGateway(Gateway):
    """Reads everything twice, to be on the safe side."""

    async def execute(self, request: ToolRequest, confidence: float, step: int) -> Observation:
        if self._reads(request):
            await super().execute(request, confidence, step)
        return await super().execute(request, confidence, step)


everything_read_twice = Parts(gateway=_TwiceReadingGateway)


class _UnrecordedPrompts(Models):
    """Tells the model more than goes on record."""

    def _call(self, name: str, context: Context, step: int) -> Call:
        call = super()._call(name, context, step)
        return msgspec.structs.replace(call, arguments={"role": context.role})


prompts_off_the_record = Parts(models=_UnrecordedPrompts)


class _QuietlyOtherModel(Models):
    """Changes to the next model without saying so."""

    async def answer(self, role: Role, context: Context, step: int) -> Contract:
        problem = ""
        for name in self._names(role):
            try:
                return await self._answer_of(name, role, context, step)
            except NoAnswer as error:
                problem = str(error)
        raise Halt("planner", problem)


silent_change_of_model = Parts(models=_QuietlyOtherModel)


class _QuietLife(Durable):
    """Lets a run fall back without a word of it."""

    def _emit(self, kind: EventKind, *, step: int | None = None, **fields: Any) -> object:
        return None if kind == "fallback_activated" else super()._emit(kind, step=step, **fields)


degradation_off_the_record = Parts(life=_QuietLife)

DEFECTS = {
    "silent_retries": Caught("trace_of_a_run", "D8", "R13", "R14"),
    "attempts_without_a_number": Caught("trace_of_a_run", "D8", "R13"),
    "calls_without_a_step": Caught("trace_of_a_run", "L10", "R13"),
    "tool_calls_in_runs_of_their_own": Caught("trace_of_a_run", "L10"),
    "decisions_without_a_rule": Caught("trace_of_a_run", "L9"),
    "everything_read_twice": Caught("path_quality", "R15"),
    "prompts_off_the_record": Caught("trace_of_a_run", "D8"),
    "silent_change_of_model": Caught("answer_is_a_contract", "R13", "R14"),
    "degradation_off_the_record": Caught("planner_is_down", "R13", "R14"),
}
