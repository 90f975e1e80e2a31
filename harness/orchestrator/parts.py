"""The parts of the reference orchestrator, each replaceable by one that is missing or wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from harness.boundary import Session
from harness.content import Budget
from harness.errors import AgentError
from harness.orchestrator.breakers import Breakers, NoBreakers, ToolBreakers
from harness.orchestrator.budgets import BudgetMeter, NoBudget
from harness.orchestrator.gate import ApprovalGate, Gate, IrreversibleGate, NoGate
from harness.orchestrator.keys import IntentKeys, Keys, NoKeys
from harness.orchestrator.policy import Policy
from harness.orchestrator.retries import Backoff, NoRetries, Retries


@dataclass(frozen=True)
class Parts:
    """How the parts of one run are made."""

    budgets: Callable[[Budget, Session], BudgetMeter] = BudgetMeter
    keys: Callable[[str], Keys] = IntentKeys
    gate: Callable[[], Gate] = ApprovalGate
    breakers: Callable[[Policy, Session], Breakers] = lambda policy, session: ToolBreakers(policy.breaker, session)
    retries: Callable[[Policy, Session], Retries] = lambda policy, session: Backoff(policy.retry, session.chance)


WITHOUT: Mapping[str, Callable[[Parts], Parts]] = {
    "idempotency_keys": lambda parts: replace(parts, keys=lambda _run_id: NoKeys()),
    "approval_gate": lambda parts: replace(parts, gate=NoGate),
    "untrusted_content_guard": lambda parts: replace(parts, gate=IrreversibleGate),
    "breakers": lambda parts: replace(parts, breakers=lambda _policy, _session: NoBreakers()),
    "retries": lambda parts: replace(parts, retries=lambda _policy, _session: NoRetries()),
    "budgets": lambda parts: replace(parts, budgets=NoBudget),
}


def parts_without(names: Iterable[str]) -> Parts:
    """Return the reference parts with some left out; raises AgentError for a part that does not exist."""
    parts = Parts()
    for name in names:
        if name not in WITHOUT:
            msg = f"there is no part {name!r} to leave out; known: {', '.join(WITHOUT)}"
            raise AgentError(msg)
        parts = WITHOUT[name](parts)
    return parts
