"""What a planner is given and what it decides; the only words between a brain and the control round it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec

from harness.boundary import Catalogue, ErrorType, one_line
from harness.content import Ask
from harness.history import canonical_json

CHARACTERS_PER_TOKEN = 4
THOUGHT_LENGTH_MAX = 4_000

Role = Literal["planner", "synthesis", "critique", "classification"]
Status = Literal["ok", "failed", "unknown", "denied", "queued", "drafted"]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Thought = Annotated[str, msgspec.Meta(max_length=THOUGHT_LENGTH_MAX)]
Answer = Annotated[str, msgspec.Meta(max_length=20_000)]


class ToolRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """A call that the planner wants.

    ``intent`` is the planner's own name for why: it comes back to the planner, and two requests with different intents
    are meant to be two effects. ``confidence`` None means that of the decision.
    """

    tool: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    arguments: dict[str, Any]
    intent: Annotated[str, msgspec.Meta(max_length=200)] = ""
    confidence: Share | None = None


class Decision(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a planner may answer: either calls to make or the final answer."""

    calls: Annotated[tuple[ToolRequest, ...], msgspec.Meta(max_length=16)] = ()
    answer: Answer | None = None
    thought: Thought = ""
    confidence: Share = 1.0


class Synthesis(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the synthesis role answers: the final words, written from the observations."""

    answer: Answer


class Critique(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What the critique role says of a drafted answer; ``problem`` goes back to the planner."""

    accept: bool
    problem: Thought = ""


class Classification(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What the classification role makes of an ask: how long the work is, and whether a person has to see it."""

    route: Literal["single_turn", "interactive", "long"]
    requires_human: bool = False
    confidence: Share = 1.0


Contract = Decision | Synthesis | Critique | Classification
CONTRACTS: dict[Role, type[Contract]] = {
    "planner": Decision,
    "synthesis": Synthesis,
    "critique": Critique,
    "classification": Classification,
}


class Observation(msgspec.Struct, frozen=True):
    """What came of a request.

    ``denied``: policy or a person refused it, and nothing was called. ``queued``: it waits for a person. ``drafted``:
    it was not carried out, and a person sees it as a recommendation.
    """

    request: ToolRequest
    status: Status
    value: Any = None
    error_type: ErrorType | None = None
    message: str = ""
    retryable: bool = False
    tokens: int = 0
    text: str = ""


def observe(
    request: ToolRequest,
    status: Status,
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
    """Everything that a brain may know: the ask, the tools in reach, and what was observed so far.

    ``role`` says which contract the answer has to keep. ``draft`` is the answer that a critique or a synthesis looks
    at. ``notes`` are what the control round it has to say: a broken contract to mend, a problem that a critique found,
    fewer steps left. ``recalled`` are memories of earlier runs. ``step`` is the turn that asks, where the call says it.
    """

    ask: Ask
    catalogue: Catalogue
    observations: list[Observation]
    role: Role = "planner"
    draft: str = ""
    notes: tuple[str, ...] = ()
    recalled: tuple[str, ...] = ()
    step: int | None = None

    @property
    def tokens(self) -> int:
        """Roughly how many tokens a model has to read."""
        words = (self.ask.text, self.ask.policy, self.draft, *self.notes, *self.recalled)
        return sum(map(len, words)) // CHARACTERS_PER_TOKEN + sum(one.tokens for one in self.observations)

    def of_intent(self, intent: str) -> list[Observation]:
        """Return the observations of one intent, in order."""
        return [one for one in self.observations if one.request.intent == intent]


Planner = Callable[[Context], Decision]
Brain = Callable[[Context], Contract]
