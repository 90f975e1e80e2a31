"""What a run and its tenant have used up of their budgets, checked before anything more is spent."""

from __future__ import annotations

from collections import defaultdict

from harness.boundary import Call, Reply, Session, Usage
from harness.content import Budget
from harness.orchestrator.halts import Halt
from harness.orchestrator.policy import Policy
from harness.planners import Context, Prices


class TenantSpend:
    """What the runs of each tenant have cost, together, as long as the orchestrator lives."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy.tenant
        self._spent_usd: defaultdict[str, float] = defaultdict(float)

    def charge(self, tenant: str, cost_usd: float) -> None:
        """Add the cost of one model call."""
        self._spent_usd[tenant] += cost_usd

    def refuse(self, tenant: str, cost_usd: float) -> None:
        """Raise Halt when ``cost_usd`` more would be above the ceiling of the tenant."""
        used = self._spent_usd[tenant]
        _refuse("tenant_cost_usd", self._policy.max_cost_usd, used, cost_usd)

    def thrifty(self, tenant: str) -> bool:
        """Whether so much is spent that runs have to be shorter."""
        return self._spent_usd[tenant] >= self._policy.thrifty_from * self._policy.max_cost_usd


def _refuse(budget: str, limit: float, used: float, more: float) -> None:
    if used + more > limit:
        why = f"is used up ({used:g})" if used >= limit else f"is too low for {more:g} more ({used:g} used)"
        raise Halt("budget", f"{budget} {limit:g} {why}", budget=budget, limit=limit, used=used)


class BudgetMeter:
    """Counts steps, calls, tokens, cost and time of one run, and refuses what could overshoot."""

    def __init__(
        self, budget: Budget, policy: Policy, session: Session, tenants: TenantSpend, started_at_s: float
    ) -> None:
        """``started_at_s`` is when the first life of the run began, as epoch seconds."""
        self._budget = budget
        self._models = policy.models
        self._prices = Prices(policy.models.prices)
        self._tenant = session.principal.tenant
        self._tenants = tenants
        self._clock = session.clock
        self._factor = session.budget_factor
        self._started_at_s = started_at_s
        self.max_steps = budget.max_steps
        self.deadline_s = budget.deadline_s
        self.steps = 0
        self.tool_calls = 0
        self.tokens_in = 0
        self.tokens_out = 0
        self.cost_usd = 0.0

    @property
    def deadline_at_s(self) -> float:
        """When the run has to be over, as epoch seconds."""
        return self._started_at_s + self.deadline_s

    def should_be_thrifty(self) -> bool:
        """Whether the tenant has spent most of what it may."""
        return self._tenants.thrifty(self._tenant)

    def be_thrifty(self) -> None:
        """Halve the steps."""
        self.max_steps = max(1, self.max_steps // 2)

    def left(self) -> dict[str, float]:
        """Return what another agent may use up on behalf of this run."""
        return {
            "max_steps": int(self._cut(self.max_steps)) - self.steps,
            "max_tool_calls": int(self._cut(self._budget.max_tool_calls)) - self.tool_calls,
            "max_tokens_in": int(self._cut(self._budget.max_tokens_in)) - self.tokens_in,
            "max_tokens_out": int(self._cut(self._budget.max_tokens_out)) - self.tokens_out,
            "max_cost_usd": self._cut(self._budget.max_cost_usd) - self.cost_usd,
            "deadline_s": self.deadline_at_s - self._clock.now(),
        }

    def _cut(self, limit: float) -> float:
        """Return a limit as it stands now; a deadline is a promise to somebody, and is not cut."""
        factor = self._factor(None)
        return limit if factor == 1.0 else limit * factor

    def park(self, seconds: float) -> None:
        """Move the deadline by the time for which the run was parked."""
        self._started_at_s += seconds

    def next_step(self) -> int:
        """Begin the next turn and return its number; raises Halt when there is no room for one."""
        self.refuse("max_steps", self._cut(self.max_steps), self.steps, 1)
        self.steps += 1
        return self.steps

    def refuse_call(self, call: Call) -> None:
        """Raise Halt when an attempt could use more than there is, at the worst price that it can have."""
        if call.port == "model":
            self._refuse_model_call(call)
        else:
            self.refuse("max_tool_calls", self._cut(self._budget.max_tool_calls), self.tool_calls, 1)

    def count_call(self, call: Call) -> None:
        """Count an attempt that goes out."""
        self.tool_calls += call.port != "model"

    def count_lost(self, call: Call, times: int) -> None:
        """Count what former lives have sent and forgotten."""
        self.tool_calls += times if call.port != "model" else 0

    def _refuse_model_call(self, call: Call) -> None:
        tokens_in, tokens_out = call.context.tokens, self._models.tokens_out_max
        cost_usd = self._prices.cost_usd(call.name, tokens_in, tokens_out)
        self.refuse("max_tokens_in", self._cut(self._budget.max_tokens_in), self.tokens_in, tokens_in)
        self.refuse("max_tokens_out", self._cut(self._budget.max_tokens_out), self.tokens_out, tokens_out)
        self.refuse("max_cost_usd", self._cut(self._budget.max_cost_usd), self.cost_usd, cost_usd)
        self._tenants.refuse(self._tenant, cost_usd)

    def charge(self, model: str, context: Context, reply: Reply, *, is_news: bool) -> None:
        """Count what a model call consumed; where nobody measured it, what it may have consumed at most.

        The tenant is charged for what is news alone.
        """
        usage = reply.usage
        if usage is None and reply.ok:
            usage = Usage(context.tokens, self._models.tokens_out_max, None)
        if usage is None:
            return
        cost_usd = usage.cost_usd
        if cost_usd is None:
            cost_usd = self._prices.cost_usd(model, usage.tokens_in, usage.tokens_out)
        self.tokens_in += usage.tokens_in
        self.tokens_out += usage.tokens_out
        self.cost_usd += cost_usd
        if is_news:
            self._tenants.charge(self._tenant, cost_usd)

    def cut(self, wanted_s: float) -> float:
        """Return ``wanted_s`` cut to what is left of the deadline; raises Halt when nothing is."""
        left_s = self.deadline_at_s - self._clock.now()
        if left_s <= 0:
            self.refuse("deadline_s", self.deadline_s, self.deadline_s - left_s, wanted_s)
        return min(wanted_s, left_s)

    def wait_s(self, seconds: float) -> float:
        """Return a wait that ends before the deadline; raises Halt at once for one that does not."""
        self.refuse("deadline_s", self.deadline_s, self._clock.now() - self._started_at_s, seconds)
        return seconds

    def refuse(self, budget: str, limit: float, used: float, more: float) -> None:
        """Raise Halt when ``more`` would be above the limit."""
        _refuse(budget, limit, used, more)


class NoBudget(BudgetMeter):
    """Counts, and never refuses."""

    def cut(self, wanted_s: float) -> float:
        """Return ``wanted_s`` as it is."""
        return wanted_s

    def refuse_call(self, call: Call) -> None:
        """Let every call pass, whatever its tenant has spent."""

    def refuse(self, budget: str, limit: float, used: float, more: float) -> None:
        """Let everything pass."""
