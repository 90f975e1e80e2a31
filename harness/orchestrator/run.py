"""One run: its ask, its doors, and the parts that control it."""

from __future__ import annotations

from dataclasses import dataclass

from harness.boundary import Catalogue, Session
from harness.content import Ask
from harness.orchestrator.approvals import Approvals
from harness.orchestrator.breakers import Breakers
from harness.orchestrator.budgets import BudgetMeter
from harness.orchestrator.bulkheads import Bulkheads
from harness.orchestrator.contracts import Contracts
from harness.orchestrator.derivations import Derivations
from harness.orchestrator.durable import Durable
from harness.orchestrator.identity import Identity
from harness.orchestrator.keys import Keys
from harness.orchestrator.kill_switch import KillSwitch
from harness.orchestrator.loops import LoopGuard
from harness.orchestrator.policy import Policy
from harness.orchestrator.provenance import Provenance
from harness.orchestrator.reach import RunMode
from harness.orchestrator.retries import Retries
from harness.orchestrator.rules import Rules
from harness.orchestrator.validation import Validation
from harness.orchestrator.window import Window


@dataclass(frozen=True)
class Run:
    """What every step of one run works with; breakers, bulkheads and kill switch are shared with other runs.

    ``driven_before`` says that the shared parts have seen an earlier life of this run.
    """

    policy: Policy
    ask: Ask
    session: Session
    life: Durable
    driven_before: bool
    catalogue: Catalogue
    mode: RunMode
    meter: BudgetMeter
    breakers: Breakers
    bulkheads: Bulkheads
    kill_switch: KillSwitch
    retries: Retries
    keys: Keys
    identity: Identity
    approvals: Approvals
    rules: Rules
    provenance: Provenance
    validation: Validation
    derivations: Derivations
    contracts: Contracts
    loops: LoopGuard
    window: Window

    @property
    def is_news(self) -> bool:
        """Whether the shared parts have not heard yet of the reply that has just come."""
        return not (self.driven_before and self.life.answers_from_log)
