"""The reference orchestrator: deterministic control round a planner that can not be relied on.

It works in and outside of the simulation: time, chance and every call come in through a ``Session``. Each part does
one job and can be swapped (``Parts``), so that a scenario can show what happens without it.
"""

from harness.orchestrator.fallbacks import Outcome, TerminalState
from harness.orchestrator.live import Handler, live_orchestrator, live_session
from harness.orchestrator.orchestrator import Orchestrator
from harness.orchestrator.parts import WITHOUT, Parts, parts_without
from harness.orchestrator.policy import (
    ApprovalPolicy,
    BreakerPolicy,
    ContextPolicy,
    Degradation,
    KillSwitchPolicy,
    ModelPolicy,
    Policy,
    RetryPolicy,
    TenantPolicy,
)
from harness.orchestrator.rules import rules_of
from harness.orchestrator.run_log import Entry, MemoryRunLog, RunLog, SqliteRunLog
from harness.orchestrator.run_queue import RunQueue
from harness.orchestrator.run_record import RunRecord, run_record

__all__ = [
    "WITHOUT",
    "ApprovalPolicy",
    "BreakerPolicy",
    "ContextPolicy",
    "Degradation",
    "Entry",
    "Handler",
    "KillSwitchPolicy",
    "MemoryRunLog",
    "ModelPolicy",
    "Orchestrator",
    "Outcome",
    "Parts",
    "Policy",
    "RetryPolicy",
    "RunLog",
    "RunQueue",
    "RunRecord",
    "SqliteRunLog",
    "TenantPolicy",
    "TerminalState",
    "live_orchestrator",
    "live_session",
    "parts_without",
    "rules_of",
    "run_record",
]
