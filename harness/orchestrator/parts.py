"""The parts of the reference orchestrator, each replaceable by one that is missing or wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.boundary import Catalogue, Session
from harness.content import Ask, Budget
from harness.errors import AgentError
from harness.orchestrator.approvals import Approvals, BoundApprovals
from harness.orchestrator.breakers import Breakers, NoBreakers, ToolBreakers
from harness.orchestrator.budgets import BudgetMeter, NoBudget, TenantSpend
from harness.orchestrator.bulkheads import Bulkheads, NoBulkheads, ToolBulkheads
from harness.orchestrator.carrier import Carrier
from harness.orchestrator.contracts import Contracts, StrictContracts
from harness.orchestrator.derivations import Derivations, TrustedDerivations
from harness.orchestrator.durable import Durable
from harness.orchestrator.ending import Ending, honest
from harness.orchestrator.fallbacks import Fallbacks
from harness.orchestrator.gateway import Gateway
from harness.orchestrator.identity import Identity, ScopedIdentity
from harness.orchestrator.keys import IntentKeys, Keys, NoKeys
from harness.orchestrator.kill_switch import ErrorRateSwitch, KillSwitch, NoKillSwitch
from harness.orchestrator.loops import LoopGuard, NoLoopGuard, RepeatGuard
from harness.orchestrator.models import Models
from harness.orchestrator.policy import Policy
from harness.orchestrator.provenance import NoProvenance, Provenance, ToldProvenance
from harness.orchestrator.reach import RunMode, allowed_tools, run_mode
from harness.orchestrator.retries import Backoff, NoRetries, Retries
from harness.orchestrator.rules import CedarRules, NoRules, Rules
from harness.orchestrator.run import Run
from harness.orchestrator.run_log import MemoryRunLog, RunLog
from harness.orchestrator.validation import NoValidation, TypedArguments, Validation
from harness.orchestrator.window import NoWindow, SlidingWindow, Window
from harness.planners import Observation


@dataclass(frozen=True)
class Parts:
    """How the parts are made; the first five once for an orchestrator, the others once for each run."""

    log: Callable[[], RunLog] = MemoryRunLog
    tenants: Callable[[Policy], TenantSpend] = TenantSpend
    breakers: Callable[[Policy], Breakers] = ToolBreakers
    bulkheads: Callable[[Policy], Bulkheads] = ToolBulkheads
    kill_switch: Callable[[Policy], KillSwitch] = ErrorRateSwitch
    budgets: Callable[[Budget, Policy, Session, TenantSpend, float], BudgetMeter] = BudgetMeter
    retries: Callable[[Policy, Callable[[str], float]], Retries] = Backoff
    keys: Callable[[str], Keys] = IntentKeys
    identity: Callable[[Policy, Session], Identity] = ScopedIdentity
    approvals: Callable[[Policy, Ask, Session, BudgetMeter], Approvals] = BoundApprovals
    rules: Callable[[Policy], Rules] = CedarRules.of
    provenance: Callable[[Ask, Catalogue], Provenance] = ToldProvenance
    validation: Callable[[], Validation] = TypedArguments
    derivations: Callable[[Policy, Catalogue], Derivations] = TrustedDerivations
    contracts: Callable[[], Contracts] = StrictContracts
    loops: Callable[[Policy, Session], LoopGuard] = RepeatGuard
    window: Callable[[Policy, Session], Window] = SlidingWindow
    reach: Callable[[Policy, Catalogue], Catalogue] = allowed_tools
    mode: Callable[[Policy, Catalogue], RunMode] = run_mode
    life: Callable[[Session, RunLog], Durable] = Durable
    carrier: Callable[[Run], Carrier] = Carrier
    models: Callable[[Run, Carrier], Models] = Models
    gateway: Callable[[Run, Carrier], Gateway] = Gateway
    fallbacks: Callable[[Run, Carrier, Models], Fallbacks] = Fallbacks
    ending: Callable[[str, Sequence[Observation], Catalogue], Ending] = honest

    def run(self, policy: Policy, ask: Ask, life: Durable, shared: Shared, *, driven_before: bool) -> Run:
        """Put the parts of one run together."""
        session = life.session
        meter = self.budgets(ask.budget, policy, session, shared.tenants, life.began_at_s)
        catalogue = self.reach(policy, session.catalogue)
        return Run(
            policy=policy,
            ask=ask,
            session=session,
            life=life,
            driven_before=driven_before,
            catalogue=catalogue,
            mode=self.mode(policy, catalogue),
            meter=meter,
            breakers=shared.breakers,
            bulkheads=shared.bulkheads,
            kill_switch=shared.kill_switch,
            retries=self.retries(policy, session.chance),
            keys=self.keys(session.run_id),
            identity=self.identity(policy, session),
            approvals=self.approvals(policy, ask, session, meter),
            rules=self.rules(policy),
            provenance=self.provenance(ask, catalogue),
            validation=self.validation(),
            derivations=self.derivations(policy, catalogue),
            contracts=self.contracts(),
            loops=self.loops(policy, session),
            window=self.window(policy, session),
        )


@dataclass(frozen=True)
class Shared:
    """What all runs of one orchestrator learn from each other."""

    tenants: TenantSpend
    breakers: Breakers
    bulkheads: Bulkheads
    kill_switch: KillSwitch

    @classmethod
    def made_by(cls, parts: Parts, policy: Policy) -> Shared:
        """Make the parts that outlive a run."""
        return cls(parts.tenants(policy), parts.breakers(policy), parts.bulkheads(policy), parts.kill_switch(policy))


WITHOUT: Mapping[str, Callable[[Parts], Parts]] = {
    "idempotency_keys": lambda parts: replace(parts, keys=lambda _run_id: NoKeys()),
    "approval_gate": lambda parts: replace(parts, rules=lambda _policy: NoRules()),
    "untrusted_content_guard": lambda parts: replace(parts, provenance=lambda _ask, _catalogue: NoProvenance()),
    "breakers": lambda parts: replace(parts, breakers=lambda _policy: NoBreakers()),
    "bulkheads": lambda parts: replace(parts, bulkheads=lambda _policy: NoBulkheads()),
    "kill_switch": lambda parts: replace(parts, kill_switch=lambda _policy: NoKillSwitch()),
    "retries": lambda parts: replace(parts, retries=lambda _policy, _chance: NoRetries()),
    "budgets": lambda parts: replace(parts, budgets=NoBudget),
    "validation": lambda parts: replace(parts, validation=NoValidation),
    "loop_guard": lambda parts: replace(parts, loops=lambda _policy, _session: NoLoopGuard()),
    "context_window": lambda parts: replace(parts, window=lambda _policy, _session: NoWindow()),
}


def parts_without(names: Iterable[str], parts: Parts | None = None) -> Parts:
    """Return the parts (the reference ones by default) less some; raises AgentError for a part that does not exist."""
    parts = parts or Parts()
    for name in names:
        if name not in WITHOUT:
            msg = f"there is no part {name!r} to leave out; known: {', '.join(WITHOUT)}"
            raise AgentError(msg)
        parts = WITHOUT[name](parts)
    return parts
