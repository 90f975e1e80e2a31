"""Hand-offs to narrow workers with one thing missing."""

from __future__ import annotations

from typing import Any

from benchmarks.defects.caught import Caught
from harness.boundary import Reply, ToolSpec
from harness.orchestrator import Parts
from harness.orchestrator.budgets import BudgetMeter
from harness.orchestrator.gateway import Gateway
from harness.orchestrator.keys import IntentKeys
from harness.planners import Observation, ToolRequest, observe


class _KeylessHandOffs(IntentKeys):
    """Hands work over without a key: the same work, handed over again, is done again."""

    def key(self, spec: ToolSpec, request: ToolRequest, now_s: float) -> str | None:
        return None if spec.port == "agent" else super().key(spec, request, now_s)


hand_off_without_a_key = Parts(keys=_KeylessHandOffs)


class _TrustingGateway(Gateway):
    """Takes whatever a worker says for its result, also that it failed."""

    async def _observed(self, request: ToolRequest, spec: ToolSpec, reply: Reply) -> Observation:
        if spec.port == "agent" and not reply.ok:
            return observe(request, "ok", {"state": "completed", "answer": reply.message})
        return await super()._observed(request, spec, reply)


worker_failure_passes_for_success = Parts(gateway=_TrustingGateway)


class _BudgetForEach(BudgetMeter):
    """Lets each worker use up as much as the whole run may."""

    def left(self) -> dict[str, float]:
        return {name: float(limit) for name, limit in self._budget.model_dump().items()}


whole_budget_for_each_worker = Parts(budgets=_BudgetForEach)


class _UntracedGateway(Gateway):
    """Does not say which turn of which run hands over."""

    def _sent(self, request: ToolRequest, spec: ToolSpec, _step: int) -> dict[str, Any]:
        if spec.port != "agent":
            return request.arguments
        return {**request.arguments, "budget": self._run.meter.left()}


hand_off_without_a_trace = Parts(gateway=_UntracedGateway)

DEFECTS = {
    "hand_off_without_a_key": Caught("handed_to_narrow_workers", "D4", "L6"),
    "worker_failure_passes_for_success": Caught("handed_to_narrow_workers", "D4"),
    "whole_budget_for_each_worker": Caught("handed_to_narrow_workers", "D4", "R9"),
    "hand_off_without_a_trace": Caught("handed_to_narrow_workers", "D4", "L10"),
}
