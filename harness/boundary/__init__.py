"""The agent's skin: calls, replies, addresses, fault plans, and the boundary that weaves them together.

Whatever an agent does to the world is a ``Call`` answered by a ``Reply``; whatever goes wrong on purpose is a fault
in a ``FaultPlan``. Concrete tools and concrete faults stay outside.
"""

from harness.boundary.addresses import Selector, identity_text, parse_selector, site_of
from harness.boundary.armed import ArmedPlan, plan_problems
from harness.boundary.boundary import Boundary, one_line
from harness.boundary.calls import (
    TRANSIENT,
    Call,
    Catalogue,
    Credential,
    EffectClass,
    ErrorType,
    LogState,
    Port,
    Principal,
    Reply,
    StreamEnding,
    ToolFacts,
    ToolSpec,
    Usage,
    argument_problems,
    facts_of,
    failed,
    identity_of,
    succeeded,
    unanswered,
)
from harness.boundary.credentials import Mint
from harness.boundary.deliveries import ROUND_TRIP_S, Backstage, Crash, Deliver, Delivery, Kill, Send
from harness.boundary.faults import (
    CallFault,
    Exchange,
    FaultKind,
    Receipt,
    SeedableWorld,
    Seeding,
    Simulation,
    SimulationFault,
    Undo,
    Variants,
    family_of,
    misleads,
)
from harness.boundary.http_errors import HttpBody, http_body, http_refusal, retry_after_s
from harness.boundary.lives import Life
from harness.boundary.plans import FaultPlan, Frozen, PlannedFault, Trigger
from harness.boundary.session import Emit, Session
from harness.boundary.streams import played, streamed

__all__ = [
    "ROUND_TRIP_S",
    "TRANSIENT",
    "ArmedPlan",
    "Backstage",
    "Boundary",
    "Call",
    "CallFault",
    "Catalogue",
    "Crash",
    "Credential",
    "Deliver",
    "Delivery",
    "EffectClass",
    "Emit",
    "ErrorType",
    "Exchange",
    "FaultKind",
    "FaultPlan",
    "Frozen",
    "HttpBody",
    "Kill",
    "Life",
    "LogState",
    "Mint",
    "PlannedFault",
    "Port",
    "Principal",
    "Receipt",
    "Reply",
    "SeedableWorld",
    "Seeding",
    "Selector",
    "Send",
    "Session",
    "Simulation",
    "SimulationFault",
    "StreamEnding",
    "ToolFacts",
    "ToolSpec",
    "Trigger",
    "Undo",
    "Usage",
    "Variants",
    "argument_problems",
    "facts_of",
    "failed",
    "family_of",
    "http_body",
    "http_refusal",
    "identity_of",
    "identity_text",
    "misleads",
    "one_line",
    "parse_selector",
    "plan_problems",
    "played",
    "retry_after_s",
    "site_of",
    "streamed",
    "succeeded",
    "unanswered",
]
