"""What crosses the agent's skin: a call, its reply, and the declaration of what can be called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from pydantic import BaseModel, ValidationError

Port = Literal["model", "tool", "retrieval", "approval", "memory", "user", "agent", "store"]
EffectClass = Literal["read", "write", "irreversible"]
ErrorType = Literal[
    "timeout",
    "rate_limit",
    "transient_upstream",
    "validation",
    "authorization",
    "not_found",
    "conflict",
    "duplicate_request",
    "unavailable",
]
# What a crash has left of what a run had logged; ``torn``: the last line can not be read.
LogState = Literal["kept", "lost", "torn"]
# ``cut``: the connection closed before the end mark. ``stalled``: it is open, and nothing comes any more.
StreamEnding = Literal["complete", "cut", "stalled"]
TRANSIENT: frozenset[str] = frozenset({"timeout", "rate_limit", "transient_upstream", "unavailable"})


class Principal(msgspec.Struct, frozen=True):
    """On whose behalf a run acts."""

    user: str = "user"
    tenant: str = "default"


class Credential(msgspec.Struct, frozen=True):
    """A short-lived right to call one tool for one principal; ``agent`` is who acts, ``expires_at_s`` epoch seconds."""

    principal: Principal
    agent: str
    tool: str
    expires_at_s: float
    signature: str = ""


class Call(msgspec.Struct, frozen=True):
    """One request of an agent.

    ``arguments`` is plain JSON data. ``timeout_s`` is how long the caller waits before it gives up.
    ``idempotency_key`` and ``attempt`` (1 = first) are what the agent declares; None means that it declares nothing.
    ``step`` is the planner's turn that caused the call. ``credential`` is what a tool that checks rights wants to see.
    ``context`` never leaves the process and is not recorded: a planner that runs in this process reads its context
    there.
    """

    port: Port
    name: str
    arguments: dict[str, Any]
    run_id: str
    principal: Principal = Principal()
    idempotency_key: str | None = None
    timeout_s: float = 30.0
    step: int | None = None
    attempt: int | None = None
    credential: Credential | None = None
    context: Any = None


class Usage(msgspec.Struct, frozen=True):
    """What a model call consumed."""

    tokens_in: int
    tokens_out: int
    cost_usd: float | None


class Reply(msgspec.Struct, frozen=True):
    """What the agent sees of a call; the truth about effects is in the ledger.

    ``unknown`` means that nobody told the caller whether the call took effect. An answer that comes in ``parts``, each
    after a delay in seconds, has no value yet: its text is JSON, whole when the ``ending`` is ``complete``, and whoever
    called puts it together (:func:`harness.boundary.played`).
    """

    status: Literal["ok", "failed", "unknown"]
    value: Any = None
    error_type: ErrorType | None = None
    message: str = ""
    retryable: bool = False
    retry_after_s: float | None = None
    usage: Usage | None = None
    parts: tuple[tuple[float, str], ...] = ()
    ending: StreamEnding = "complete"

    @property
    def ok(self) -> bool:
        """Whether the call is known to have succeeded."""
        return self.status == "ok"


def succeeded(value: Any, usage: Usage | None = None) -> Reply:
    """Build the reply of a call that worked."""
    return Reply("ok", value, usage=usage)


def failed(error_type: ErrorType, message: str, *, retry_after_s: float | None = None) -> Reply:
    """Build the reply of a call that is known to have had no effect; transient errors are marked retryable."""
    return Reply("failed", None, error_type, message, error_type in TRANSIENT, retry_after_s)


def unanswered(timeout_s: float) -> Reply:
    """Build the one reply of a call that nobody answered, whether or not it took effect."""
    return Reply("unknown", None, "timeout", f"no answer within {timeout_s:g} s", retryable=True)


class ToolSpec(msgspec.Struct, frozen=True):
    """The declaration of one tool: the only place that says what it does to the world.

    ``identity`` names the arguments that say which thing the tool acts on; addresses, idempotency keys, duplicate
    detection and matching all rest on it. ``untrusted`` marks results that may carry text written by strangers.
    ``result`` says what a good answer is, ``latency_s`` the mean time to answer, ``concurrency_max`` how many calls the
    tool bears at one time.
    """

    name: str
    description: str
    parameters: type[BaseModel]
    effect: EffectClass = "read"
    identity: tuple[str, ...] = ()
    port: Literal["tool", "retrieval", "memory", "agent"] = "tool"
    untrusted: bool = False
    result: Literal["object", "anything"] = "anything"
    latency_s: float = 0.2
    concurrency_max: int | None = None

    def schema(self) -> dict[str, Any]:
        """Return the JSON schema of the arguments."""
        return self.parameters.model_json_schema()


Catalogue = Mapping[str, ToolSpec]


class ToolFacts(msgspec.Struct, frozen=True):
    """What remains to be known of a tool when only its records are left."""

    effect: EffectClass
    identity: tuple[str, ...]


def facts_of(catalogue: Catalogue) -> dict[str, ToolFacts]:
    """Return the facts of all tools of a catalogue."""
    return {name: ToolFacts(spec.effect, spec.identity) for name, spec in catalogue.items()}


def identity_of(spec: ToolSpec | None, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the identity arguments that ``arguments`` carries, in declared order."""
    if spec is None:
        return {}
    return {name: arguments[name] for name in spec.identity if name in arguments}


def argument_problems(error: ValidationError) -> str:
    """Say in one line what is wrong with the arguments of a call."""
    return "; ".join(f"{'.'.join(map(str, one['loc'])) or 'arguments'}: {one['msg']}" for one in error.errors())
