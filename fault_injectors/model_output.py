"""Malformed output: the model answers, and what it says does not keep its contract.

Harm: a run that dies of one bad answer, or one that acts on half of it. Seen with every model: prose where an object
was asked for, JSON that breaks off, a field left out, renamed or invented, a tool that does not exist, an answer cut at
the token limit. A good agent checks every answer, lets the model repair it once, and then falls back; it never guesses
what was meant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

from harness.boundary import CallFault, Exchange, Frozen, Reply, Variants
from harness.history import canonical_json

Shape = Literal[
    "empty",
    "not_json",
    "malformed_json",
    "missing_field",
    "out_of_range",
    "extra_field",
    "renamed_field",
    "unknown_tool",
    "truncated",
]
Answer = dict[str, Any]


class MalformedOutputOptions(Frozen):
    """``shape`` says what is wrong with the answer."""

    shape: Shape


def _without_a_field(answer: Answer) -> Answer:
    """Leave out what was decided: the tool of the first call, else the first field."""
    if not _names_a_tool(answer):
        return dict(list(answer.items())[1:])
    return _with_first_call(answer, {key: value for key, value in answer["calls"][0].items() if key != "tool"})


def _with_unknown_tool(answer: Answer) -> Answer:
    """Name a tool that does not exist; in an answer without calls, as its one call."""
    if not _names_a_tool(answer):
        return {"calls": [{"tool": "finish_v2", "arguments": {}}]}
    first = answer["calls"][0]
    return _with_first_call(answer, {**first, "tool": f"{first['tool']}_v2"})


def _names_a_tool(answer: Answer) -> bool:
    """Whether the answer holds a call; it may be broken already."""
    match answer:
        case {"calls": [{"tool": str()}, *_]}:
            return True
    return False


def _with_first_call(answer: Answer, call: Answer) -> Answer:
    return {**answer, "calls": [call, *answer["calls"][1:]]}


def _with_renamed_field(answer: Answer) -> Answer:
    """Name a field as another version does: what a call is about, else the first field."""
    if not _names_a_tool(answer):
        (first, value), *others = answer.items() or [("answer", None)]
        return {f"{first}_text": value, **dict(others)}
    first = answer["calls"][0]
    renamed = {"function" if name == "tool" else name: value for name, value in first.items()}
    return _with_first_call(answer, renamed)


def _malformed(answer: Answer) -> str:
    """Write the answer as JSON with a comma too many, as a text."""
    return canonical_json(answer).decode()[:-1] + ",}"


def _truncated(answer: Answer) -> Answer:
    """Cut the answer off in the middle of its thought."""
    thought = str(answer.get("thought", ""))
    return {"thought": thought[: len(thought) // 2]}


DAMAGES: Mapping[Shape, Callable[[Answer], Any]] = {
    "empty": lambda _answer: None,
    "not_json": lambda _answer: "Certainly! I have looked into it, and here is what I would do next.",
    "malformed_json": _malformed,
    "missing_field": _without_a_field,
    "out_of_range": lambda answer: {**answer, "confidence": 7},
    "extra_field": lambda answer: {**answer, "mood": "cheerful"},
    "renamed_field": _with_renamed_field,
    "unknown_tool": _with_unknown_tool,
    "truncated": _truncated,
}


async def garble(options: MalformedOutputOptions, exchange: Exchange) -> Reply:
    """Let the model answer, and damage what it says; its tokens are paid for all the same."""
    reply = await exchange.proceed()
    if not isinstance(reply.value, dict):
        return reply  # there was no answer, or none that could get worse
    return msgspec.structs.replace(reply, value=DAMAGES[options.shape](reply.value))


VARIANTS: Variants = {
    "empty": {"shape": "empty"},
    "truncated": {"shape": "truncated"},
    "malformed JSON": {"shape": "malformed_json"},
    "schema drift": {"shape": "renamed_field"},
    "unknown tool": {"shape": "unknown_tool"},
    "missing field": {"shape": "missing_field"},
    "extra field": {"shape": "extra_field"},
    "out of range": {"shape": "out_of_range"},
    "prose": {"shape": "not_json"},
}

KINDS = (
    CallFault("malformed_output", "model_output", MalformedOutputOptions, ("model",), garble, VARIANTS, lasting=True),
)
