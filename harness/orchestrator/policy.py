"""The rules of the control round a planner, as data."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from harness.boundary import EffectClass, ErrorType, Frozen

Seconds = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Mode = Literal["summary", "single_turn", "retrieval_only", "human_queue"]
Cause = Literal["budget", "planner", "loop", "kill_switch", "requires_human"]


class RetryPolicy(Frozen):
    """Which failures are worth another attempt, how often, and how long to wait before it.

    ``retry_on`` holds for every call, ``retry_reads_on`` for reads alone, and nothing else is tried again.
    ``per_run`` is what all layers of one run may spend together: model calls, tool calls, and a planner that asks for
    the same thing again. After an unknown outcome, the effect classes in ``look_up`` are looked up by their key before
    they are repeated, and not before ``settle_s`` have passed since nobody answered: so long a call may still be under
    way. A key older than ``key_ttl_s`` is not repeated at all: the tool may have forgotten it.
    """

    max_attempts: Count = 4
    per_run: Count = 24
    backoff_s: Seconds = 1.0
    backoff_max_s: Seconds = 30.0
    jitter: Share = 0.2
    retry_on: frozenset[ErrorType] = frozenset({"timeout", "rate_limit", "transient_upstream", "unavailable"})
    retry_reads_on: frozenset[ErrorType] = frozenset({"conflict"})
    look_up: frozenset[EffectClass] = frozenset({"write", "irreversible"})
    settle_s: Annotated[float, Field(ge=0)] = 20.0
    key_ttl_s: Seconds = 86_400.0


class BreakerPolicy(Frozen):
    """After how many failures in a row a tool is left alone, and for how long."""

    threshold: Count = 5
    cooldown_s: Seconds = 30.0


class KillSwitchPolicy(Frozen):
    """At which share of failed calls among the last ``calls`` all runs fall back, and for how long."""

    error_rate: Annotated[float, Field(gt=0, le=1)] = 0.75
    calls: Count = 20
    cooldown_s: Seconds = 300.0


class ApprovalPolicy(Frozen):
    """How people are asked.

    No answer within ``ttl_s`` is a no. A write less sure than ``confidence_min`` waits in the queue while the run goes
    on. ``waiting`` says whether the time that people take counts against the run's deadline, or the run is parked.
    """

    ttl_s: Seconds = 900.0
    confidence_min: Share = 0.6
    waiting: Literal["counts", "parks"] = "counts"


class ModelPolicy(Frozen):
    """Which models answer in which role, the first before its fallbacks; a role without models is not played.

    Every answer has to keep the contract of its role; one that does not is sent back ``repairs`` times. A drafted
    answer is criticised at most ``reviews`` times. An answer that comes as a stream has to begin within
    ``first_part_timeout_s``, and may not stand still for longer than ``idle_timeout_s``.
    """

    planner: Annotated[tuple[str, ...], Field(min_length=1)] = ("planner",)
    synthesis: tuple[str, ...] = ()
    critique: tuple[str, ...] = ()
    classification: tuple[str, ...] = ()
    timeout_s: Seconds = 20.0
    first_part_timeout_s: Seconds = 10.0
    idle_timeout_s: Seconds = 5.0
    tokens_out_max: Count = 1_000
    repairs: Annotated[int, Field(ge=0)] = 1
    reviews: Annotated[int, Field(ge=0)] = 2
    allowed: frozenset[str] | None = None
    prices: dict[str, dict[str, float]] = Field(default_factory=dict)


class ContextPolicy(Frozen):
    """How much a model gets to read: the last ``window`` observations whole, older ones shortened above ``tokens_max``.

    ``recall`` is how many memories of earlier runs are looked up at the start.
    """

    tokens_max: Count = 6_000
    window: Count = 4
    recall: Annotated[int, Field(ge=0)] = 0


class TenantPolicy(Frozen):
    """What all runs of one tenant may cost together; above ``thrifty_from`` of it, a run gets half of its steps."""

    max_cost_usd: Annotated[float, Field(gt=0)] = 100.0
    thrifty_from: Share = 0.8


class Degradation(Frozen):
    """What a run falls back to, by cause: the first mode that applies; a summary always does."""

    budget: tuple[Mode, ...] = ("single_turn", "summary")
    planner: tuple[Mode, ...] = ("retrieval_only", "human_queue")
    loop: tuple[Mode, ...] = ("human_queue",)
    kill_switch: tuple[Mode, ...] = ("human_queue",)
    requires_human: tuple[Mode, ...] = ("human_queue",)


class Policy(Frozen):
    """Everything that the reference orchestrator can be told.

    ``agent`` is its own identity. ``allowlist`` None allows what is in reach. ``rules`` is Cedar text, None the default
    one. ``derived`` maps ``tool.argument`` to ``tool.path``: such an argument is taken from the last trusted result of
    that tool on the same thing, whatever the planner wrote. A run that can be answered within ``interactive_s`` is
    synchronous, every other is queued. ``repeats_max`` equal requests without a write between them are a loop.
    """

    agent: str = "reference"
    models: ModelPolicy = ModelPolicy()
    tool_timeout_s: Seconds = 10.0
    hand_off_timeout_s: Seconds = 600.0
    credential_ttl_s: Seconds = 30.0
    interactive_s: Seconds = 300.0
    mode: Literal["auto", "synchronous", "queued"] = "auto"
    parallel_reads: Count = 4
    bulkhead: Count = 4
    repeats_max: Count = 4
    retry: RetryPolicy = RetryPolicy()
    breaker: BreakerPolicy = BreakerPolicy()
    kill_switch: KillSwitchPolicy = KillSwitchPolicy()
    approval: ApprovalPolicy = ApprovalPolicy()
    context: ContextPolicy = ContextPolicy()
    tenant: TenantPolicy = TenantPolicy()
    degradation: Degradation = Degradation()
    derived: dict[str, str] = Field(default_factory=dict)
    allowlist: frozenset[str] | None = None
    rules: str | None = None
