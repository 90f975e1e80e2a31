"""Wrong output: the model answers, its answer keeps the contract, and it is not the right one.

Harm: a call on the neighbour's order, an effect made twice or never, a run that goes in circles, a user who is told
that all is well. Seen with every model, the more so after an update, with long contexts, and with lists of similar
things. A good agent checks arguments against the tool's schema and against what somebody has told, asks a person before
what can not be taken back, notices that it repeats itself, and lets no answer claim a write that the control round the
model did not see. That a model chose the wrong one of two things that both were told, no check of forms can see.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

from harness.boundary import CallFault, Exchange, Frozen, Reply, ToolSpec, Variants
from harness.planners import Context, ToolRequest, with_another_thing, with_another_value

Mistake = Literal[
    "refusal",
    "missing_argument",
    "wrong_argument",
    "extra_argument",
    "wrong_entity",
    "duplicated_call",
    "dropped_call",
    "loop",
    "confident_wrong",
    "success_framing",
]
Answer = dict[str, Any]

_DIGITS = re.compile(r"\d+")
_REFUSAL = "I am sorry, but I cannot help with that."
_CLAIM = "Done. Everything that you asked for is taken care of."


class WrongOutputOptions(Frozen):
    """``mistake`` says what is wrong with the answer."""

    mistake: Mistake


async def mistake(options: WrongOutputOptions, exchange: Exchange) -> Reply:
    """Let the model answer, and put a plausible mistake into it; an answer with no room for it stays as it is."""
    reply = await exchange.proceed()
    if not isinstance(reply.value, dict):
        return reply
    wrong = MISTAKES[options.mistake](reply.value, exchange.call.context)
    return reply if wrong is None else msgspec.structs.replace(reply, value=wrong)


def _plans(answer: Answer) -> bool:
    """Whether the answer holds a call that can be made; it may be broken already."""
    match answer:
        case {"calls": [{"tool": str(), "arguments": dict()}, *_]}:
            return True
    return False


def _in_arguments(
    change: Callable[[ToolRequest, ToolSpec, Context], ToolRequest | None],
) -> Callable[[Answer, Context | None], Answer | None]:
    """Return a mistake in the arguments of the first call; it takes a context to know what tools there are."""

    def changed(answer: Answer, context: Context | None) -> Answer | None:
        if context is None or not _plans(answer):
            return None
        first = answer["calls"][0]
        spec = context.catalogue.get(first["tool"])
        wrong = change(ToolRequest(first["tool"], first["arguments"]), spec, context) if spec else None
        if wrong is None or wrong.arguments == first["arguments"]:
            return None
        return {**answer, "calls": [{**first, "arguments": wrong.arguments}, *answer["calls"][1:]]}

    return changed


def _without_one(request: ToolRequest, spec: ToolSpec, _context: Context) -> ToolRequest:
    """Leave the last argument out, of those that are required if there is one."""
    fields = spec.parameters.model_fields
    required = [name for name in request.arguments if name in fields and fields[name].is_required()]
    left_out = next(reversed(required or list(request.arguments)), None)
    fewer = {name: value for name, value in request.arguments.items() if name != left_out}
    return ToolRequest(request.tool, fewer)


def _with_one_more(request: ToolRequest, _spec: ToolSpec, _context: Context) -> ToolRequest:
    return ToolRequest(request.tool, {**request.arguments, "priority": "high"})


def _twice(answer: Answer, _context: Context | None) -> Answer | None:
    return {**answer, "calls": [answer["calls"][0], *answer["calls"]]} if _plans(answer) else None


def _dropped(answer: Answer, _context: Context | None) -> Answer | None:
    """Lose the last call; of an only one, the words that announce it are left."""
    if not _plans(answer):
        return None
    if len(answer["calls"]) > 1:
        return {**answer, "calls": answer["calls"][:-1]}
    return {"answer": f"I will use {answer['calls'][0]['tool']} now."}


def _again(_answer: Answer, context: Context | None) -> Answer | None:
    """Ask for what was asked for last, whatever is due."""
    if context is None or context.role != "planner" or not context.observations:
        return None
    return {"calls": [msgspec.to_builtins(context.observations[-1].request)]}


def _refused(answer: Answer, _context: Context | None) -> Answer | None:
    return {"answer": _REFUSAL} if _plans(answer) or "answer" in answer else None


def _claimed(answer: Answer, _context: Context | None) -> Answer | None:
    return {"answer": _CLAIM} if _plans(answer) or "answer" in answer else None


def _mistold(answer: Answer, _context: Context | None) -> Answer | None:
    """Get a verdict the wrong way round, or every number of the words for the user."""
    for name in ("accept", "requires_human"):
        if isinstance(answer.get(name), bool):
            return {**answer, name: not answer[name]}
    if not isinstance(answer.get("answer"), str):
        return None
    return {**answer, "answer": _DIGITS.sub(lambda found: f"{int(found[0]) + 1:0{len(found[0])}d}", answer["answer"])}


MISTAKES: Mapping[Mistake, Callable[[Answer, Context | None], Answer | None]] = {
    "missing_argument": _in_arguments(_without_one),
    "wrong_argument": _in_arguments(lambda request, spec, context: with_another_value(context, spec, request)),
    "extra_argument": _in_arguments(_with_one_more),
    "wrong_entity": _in_arguments(lambda request, spec, context: with_another_thing(context, spec, request)),
    "duplicated_call": _twice,
    "dropped_call": _dropped,
    "loop": _again,
    "refusal": _refused,
    "confident_wrong": _mistold,
    "success_framing": _claimed,
}
VARIANTS: Variants = {
    "missing argument": {"mistake": "missing_argument"},
    "wrong argument": {"mistake": "wrong_argument"},
    "extra argument": {"mistake": "extra_argument"},
    "wrong entity": {"mistake": "wrong_entity"},
    "duplicated tool call": {"mistake": "duplicated_call"},
    "dropped tool call": {"mistake": "dropped_call"},
    "loop": {"mistake": "loop"},
    "refusal": {"mistake": "refusal"},
    "confident wrong": {"mistake": "confident_wrong"},
    "success framing": {"mistake": "success_framing"},
}

KINDS = (
    CallFault(
        "wrong_output", "wrong_output", WrongOutputOptions, ("model",), mistake, VARIANTS, lasting=True, misleads=True
    ),
)
