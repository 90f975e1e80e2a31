"""What a model mixes up in a request: things and numbers that were told as well, or that lie next to the right ones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from harness.boundary import ToolSpec
from harness.planners.decisions import Context, ToolRequest
from harness.planners.mistakes import accepted, with_invented_identifier, with_wrong_argument

_WORD = re.compile(r"[\w@.+-]*\w")
_NUMBER = re.compile(r"\d+")


def with_another_thing(context: Context, spec: ToolSpec, request: ToolRequest) -> ToolRequest | None:
    """Act on another thing of the same form that was told, else on the next one; None where nothing names a thing."""
    for name in (name for name in spec.identity if name in request.arguments):
        for thing in _things_told(context, request.arguments[name]):
            if accepted(spec, {**request.arguments, name: thing}):
                return _with_argument(request, name, thing)
    return with_invented_identifier(context, spec, request, _first)


def with_another_value(context: Context, spec: ToolSpec, request: ToolRequest) -> ToolRequest | None:
    """Replace one argument that does not name the thing: by another number that was told, else as the schema allows."""
    for name, value in request.arguments.items():
        if name not in spec.identity and isinstance(value, int | float) and not isinstance(value, bool):
            for number in _numbers_told(context):
                if number != value and accepted(spec, {**request.arguments, name: number}):
                    return _with_argument(request, name, number)

    def no_thing(_kind: str, choices: Sequence[tuple[str, Any]]) -> tuple[str, Any]:
        return next((one for one in choices if one[0] not in spec.identity), choices[0])

    return with_wrong_argument(context, spec, request, no_thing)


def _first(_kind: str, choices: Sequence[Any]) -> Any:
    return choices[0]


def _with_argument(request: ToolRequest, name: str, value: Any) -> ToolRequest:
    return msgspec.structs.replace(request, arguments={**request.arguments, name: value})


def _things_told(context: Context, thing: Any) -> Iterator[str]:
    """Yield other words that look like ``thing``, the latest first: the same but for digits, or addresses both."""
    if not isinstance(thing, str) or not re.search(r"[\d@]", thing):
        return
    form = _NUMBER.sub("0", thing)
    told = [one.text for one in reversed(context.observations) if one.status == "ok"]
    for word in _WORD.findall("\n".join([*told, context.ask.text])):
        if word != thing and (_NUMBER.sub("0", word) == form or ("@" in word and "@" in thing)):
            yield word


def _numbers_told(context: Context) -> Iterator[float]:
    for one in reversed(context.observations):
        if one.status == "ok":
            yield from _numbers(one.value)


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _numbers(one)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield value
