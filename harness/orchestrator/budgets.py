"""What a run has used up of its budget, checked before anything more is spent."""

from __future__ import annotations

from harness.boundary import Reply, Session
from harness.content import Budget


class BudgetExceeded(Exception):
    """A budget leaves no room for the next spend; ``budget`` is its field's name."""

    def __init__(self, budget: str, limit: float, used: float) -> None:
        self.budget, self.limit, self.used = budget, limit, used
        super().__init__(f"{budget} {limit:g} is used up ({used:g})")


class BudgetMeter:
    """Counts steps, calls, tokens, cost and time of one run."""

    def __init__(self, budget: Budget, session: Session) -> None:
        self._budget = budget
        self._clock = session.clock
        self._deadline_at = session.clock.now() + budget.deadline_s
        self.steps = 0
        self.tool_calls = 0
        self.tokens = 0
        self.cost_usd = 0.0

    def next_step(self) -> int:
        """Begin the next turn and return its number; raises BudgetExceeded when there is no room for one."""
        self._refuse("max_steps", self._budget.max_steps, self.steps)
        self._refuse("max_tokens", self._budget.max_tokens, self.tokens)
        self._refuse("max_cost_usd", self._budget.max_cost_usd, self.cost_usd)
        self.steps += 1
        return self.steps

    def next_tool_call(self) -> None:
        """Count one attempt at a tool; raises BudgetExceeded when there is no room for one."""
        self._refuse("max_tool_calls", self._budget.max_tool_calls, self.tool_calls)
        self.tool_calls += 1

    def charge(self, reply: Reply) -> None:
        """Count what a model call consumed."""
        if reply.usage is not None:
            self.tokens += reply.usage.tokens_in + reply.usage.tokens_out
            self.cost_usd += reply.usage.cost_usd or 0.0

    def cut(self, wanted_s: float) -> float:
        """Return ``wanted_s`` cut to what is left of the deadline; raises BudgetExceeded when nothing is."""
        left_s = self._deadline_at - self._clock.now()
        if left_s <= 0:
            raise BudgetExceeded("deadline_s", self._budget.deadline_s, self._budget.deadline_s - left_s)
        return min(wanted_s, left_s)

    @staticmethod
    def _refuse(name: str, limit: float, used: float) -> None:
        if used >= limit:
            raise BudgetExceeded(name, limit, used)


class NoBudget(BudgetMeter):
    """Counts, and never refuses."""

    def cut(self, wanted_s: float) -> float:
        """Return ``wanted_s`` as it is."""
        return wanted_s

    @staticmethod
    def _refuse(name: str, limit: float, used: float) -> None:
        """Let everything pass."""
