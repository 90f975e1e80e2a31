"""What a planner is given and what it decides; the only words between a brain and the control round it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from harness.boundary import Catalogue, ErrorType, one_line
from harness.content import Ask
from harness.history import canonical_json

CHARACTERS_PER_TOKEN = 4


class ToolRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """A call that the planner wants; ``intent`` is the planner's own name for why, and comes back to it."""

    tool: str
    arguments: dict[str, Any]
    intent: str = ""


class Decision(msgspec.Struct, frozen=True, omit_defaults=True):
    """Either calls to make or the final answer."""

    calls: tuple[ToolRequest, ...] = ()
    answer: str | None = None
    thought: str = ""
    confidence: float = 1.0


class Observation(msgspec.Struct, frozen=True):
    """What came of a request; ``denied`` means that policy or a person refused it, and nothing was called."""

    request: ToolRequest
    status: Literal["ok", "failed", "unknown", "denied"]
    value: Any = None
    error_type: ErrorType | None = None
    message: str = ""
    retryable: bool = False
    tokens: int = 0
    text: str = ""


def observe(
    request: ToolRequest,
    status: Literal["ok", "failed", "unknown", "denied"],
    value: Any = None,
    error_type: ErrorType | None = None,
    message: str = "",
    *,
    retryable: bool = False,
) -> Observation:
    """Build an observation, with its size in tokens and its text on one line."""
    text = one_line(value) if status == "ok" else message
    tokens = (len(canonical_json(value)) + len(message)) // CHARACTERS_PER_TOKEN
    return Observation(request, status, value, error_type, message, retryable, tokens, text)


class Context(msgspec.Struct):
    """Everything a planner may know: the ask, the tools in reach, and what was observed so far."""

    ask: Ask
    catalogue: Catalogue
    observations: list[Observation]

    def of_intent(self, intent: str) -> list[Observation]:
        """Return the observations of one intent, in order."""
        return [one for one in self.observations if one.request.intent == intent]


Brain = Callable[[Context], Decision]
