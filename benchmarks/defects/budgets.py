"""Budgets that hold nothing: missing, counted wrongly, or looked at when it is too late."""

from __future__ import annotations

from contextlib import suppress

from benchmarks.defects.caught import Caught
from harness.boundary import Call, Reply, Session
from harness.content import Budget
from harness.orchestrator import Parts, Policy, parts_without
from harness.orchestrator.budgets import BudgetMeter, TenantSpend
from harness.orchestrator.contracts import BrokenContract, StrictContracts
from harness.orchestrator.retries import intent_of
from harness.planners import Context

no_budgets = parts_without(["budgets"])


class _CheckedAfterwards(BudgetMeter):
    """Stops when it is used up, and lets the last step overshoot."""

    def refuse(self, budget: str, limit: float, used: float, _more: float) -> None:
        super().refuse(budget, limit, used, 1e-9)


budget_checked_after_the_spend = Parts(budgets=_CheckedAfterwards)


class _CallsCountedOnce(BudgetMeter):
    """Counts intended calls, however often they are tried."""

    def __init__(
        self, budget: Budget, policy: Policy, session: Session, tenants: TenantSpend, started_at_s: float
    ) -> None:
        super().__init__(budget, policy, session, tenants, started_at_s)
        self._counted: set[str] = set()

    def count_call(self, call: Call) -> None:
        if intent_of(call) not in self._counted:
            super().count_call(call)
        self._counted.add(intent_of(call))


calls_counted_once = Parts(budgets=_CallsCountedOnce)


class _BrokenAnswersForFree(BudgetMeter):
    """Pays for an answer when it can be used."""

    def charge(self, model: str, context: Context, reply: Reply, *, is_news: bool) -> None:
        with suppress(BrokenContract):
            StrictContracts().read(context.role, reply.value)
            super().charge(model, context, reply, is_news=is_news)


broken_answers_are_free = Parts(budgets=_BrokenAnswersForFree)


class _UncutCalls(BudgetMeter):
    """Looks at the deadline between calls, and lets each of them take its whole timeout."""

    def cut(self, wanted_s: float) -> float:
        super().cut(wanted_s)
        return wanted_s


timeouts_are_not_cut = Parts(budgets=_UncutCalls)


class _NoDeadline(BudgetMeter):
    """Has a timeout for each call, and none for the run."""

    def cut(self, wanted_s: float) -> float:
        return wanted_s

    def wait_s(self, seconds: float) -> float:
        return seconds


no_deadline = Parts(budgets=_NoDeadline)


class _ImpatientMeter(BudgetMeter):
    """Lets the deadline run on while somebody else has the run in hand."""

    def park(self, seconds: float) -> None:
        pass


parked_time_counts = Parts(budgets=_ImpatientMeter)


class _SeparatePurses(TenantSpend):
    """Forgets what the other runs of a tenant have cost."""

    def charge(self, _tenant: str, _cost_usd: float) -> None:
        pass


runs_do_not_share_the_ceiling = Parts(tenants=_SeparatePurses)


class _Spendthrift(TenantSpend):
    """Knows the ceiling, and no restraint before it."""

    def thrifty(self, _tenant: str) -> bool:
        return False


spends_to_the_last = Parts(tenants=_Spendthrift)

DEFECTS = {
    "no_budgets": Caught("budgets_of_a_run", "L3", "R9"),
    "budget_checked_after_the_spend": Caught("budgets_of_a_run", "L3", "R9"),
    "calls_counted_once": Caught("budgets_of_a_run", "L3", "R9"),
    "broken_answers_are_free": Caught("budgets_of_a_run", "L3", "R9"),
    "timeouts_are_not_cut": Caught("deadlines", "R8"),
    "no_deadline": Caught("deadlines", "R8"),
    "parked_time_counts": Caught("waiting_parks", "R8"),
    "runs_do_not_share_the_ceiling": Caught("tenant_ceiling", "R9"),
    "spends_to_the_last": Caught("tenant_thrift", "R9"),
}
