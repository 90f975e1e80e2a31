"""From what an OpenAI-compatible endpoint answers to the plain data of a role's contract."""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec

from harness.planners.decisions import THOUGHT_LENGTH_MAX, Role

_CODE_BLOCK = re.compile(r"\s*```(?:json)?\s*\n(.*)\n\s*```\s*", re.DOTALL)
_Tokens = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class Function(msgspec.Struct):
    """A function that the model wants called; its arguments are JSON in a text."""

    name: str
    arguments: str | dict[str, Any] | None = None


class FunctionCall(msgspec.Struct):
    """One call of a function."""

    function: Function


class Part(msgspec.Struct):
    """A piece of what the model said."""

    text: str = ""


class Message(msgspec.Struct):
    """What the model said, and what it wants called."""

    content: str | list[Part] | None = None
    refusal: str | None = None
    tool_calls: list[FunctionCall] | None = None

    @property
    def text(self) -> str:
        """Return all words."""
        said = "".join(part.text for part in self.content) if isinstance(self.content, list) else self.content
        return said or self.refusal or ""


class Choice(msgspec.Struct):
    """One of the answers; only the first counts."""

    message: Message
    finish_reason: str | None = None


class TokenCounts(msgspec.Struct):
    """What the endpoint counted."""

    prompt_tokens: _Tokens
    completion_tokens: _Tokens


class Completion(msgspec.Struct):
    """The body of an answer, as far as it is read."""

    choices: Annotated[list[Choice], msgspec.Meta(min_length=1)]
    usage: Any = None

    @property
    def counts(self) -> TokenCounts | None:
        """Return what the endpoint counted; None where it did not."""
        try:
            return msgspec.convert(self.usage, TokenCounts)
        except msgspec.ValidationError:
            return None


def contract_of(completion: Completion, role: Role, *, function_calling: bool) -> Any:
    """Return what the model said as plain data in the shape of the role's contract.

    Where it said nothing, something else, or was cut off, the data is a plain text, which keeps no contract.
    """
    choice = completion.choices[0]
    text = choice.message.text
    if choice.finish_reason == "length":
        return text
    if choice.message.tool_calls:
        calls = [_request_of(one.function) for one in choice.message.tool_calls]
        return {"calls": calls, "thought": text[:THOUGHT_LENGTH_MAX]}
    if function_calling and role == "planner":
        return {"answer": text} if text else text
    found = _json_object(text)
    return text if found is None else found


def _request_of(function: Function) -> dict[str, Any]:
    arguments = function.arguments or {}
    if isinstance(arguments, str):
        found = _json_object(arguments)
        if found is None:
            return {"tool": function.name, "arguments": arguments}
        arguments = found
    own = {name: value for name, value in arguments.items() if name not in ("_intent", "_confidence")}
    request = {"tool": function.name, "arguments": own, "confidence": arguments.get("_confidence")}
    return {**request, "intent": arguments.get("_intent") or ""}


def _json_object(text: str) -> dict[str, Any] | None:
    block = _CODE_BLOCK.fullmatch(text)
    try:
        return msgspec.json.decode(block[1] if block else text, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        return None
