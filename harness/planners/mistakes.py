"""What goes wrong in a request: each function spoils it in one way, or returns None where it can not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ValidationError

from harness.boundary import ToolSpec
from harness.planners.decisions import Context, ToolRequest
from harness.planners.weak import ENTITY, guess_arguments

Pick = Callable[[str, Sequence[Any]], Any]
Fires = Callable[[str], bool]
Shape = dict[str, Any]

_NEIGHBOUR, _NOBODY = 1, 900  # how far the number of an invented identifier lies from the right one
_NARROW = {"enum", "const", "pattern", "format"}


def with_wrong_tool(context: Context, spec: ToolSpec, request: ToolRequest, pick: Pick) -> ToolRequest | None:
    """Ask another tool, if possible one that takes some of the same arguments."""
    others = [other for other in context.catalogue.values() if other.name != spec.name]
    akin = [other for other in others if _shapes(other.parameters).keys() & request.arguments.keys()]
    if not others:
        return None
    other: ToolSpec = pick("wrong_tool", akin or others)
    shared = {name: value for name, value in request.arguments.items() if name in _shapes(other.parameters)}
    return ToolRequest(other.name, {**guess_arguments(other, context.ask.text), **shared}, request.intent)


def with_invented_identifier(_context: Context, spec: ToolSpec, request: ToolRequest, pick: Pick) -> ToolRequest | None:
    """Replace one identifier by that of a neighbour, or by one that nobody has."""
    names = [name for name, value in request.arguments.items() if _is_identifier(spec, name, value)]
    if not names:
        return None
    name = pick("invented_argument", names)
    return _with_argument(request, name, _shifted(request.arguments[name], pick("invention", (_NEIGHBOUR, _NOBODY))))


def _is_identifier(spec: ToolSpec, name: str, value: Any) -> bool:
    if isinstance(value, str):
        return name in spec.identity or bool(ENTITY.search(value))
    return type(value) is int and (name in spec.identity or name.endswith("id"))


def _shifted(value: Any, by: int) -> Any:
    if not isinstance(value, str):
        return value + by
    if ENTITY.search(value):
        return ENTITY.sub(lambda match: f"{match[1]}{int(match[2]) + by:0{len(match[2])}d}", value)
    name, at, place = value.partition("@")
    return f"{name}{by + 1}{at}{place}"


def with_wrong_argument(_context: Context, spec: ToolSpec, request: ToolRequest, pick: Pick) -> ToolRequest | None:
    """Replace one argument by another value that the tool's schema accepts."""
    candidates = list(_other_values(spec, request.arguments))
    if not candidates:
        return None
    name, value = pick("wrong_argument", candidates)
    return _with_argument(request, name, value)


def _other_values(spec: ToolSpec, arguments: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in arguments.items():
        for other in _variants(_shapes(spec.parameters).get(name, []), value):
            if other != value and accepted(spec, {**arguments, name: other}):
                yield name, other
                break


def _variants(shapes: list[Shape], value: Any) -> tuple[Any, ...]:
    if named := [one for shape in shapes for one in shape.get("enum", ())]:
        return tuple(named)
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, int | float):
        return (value + 1, value - 1, value / 2)
    if isinstance(value, str):
        return (f"{value} (2)", value[:-1])
    return ()


def accepted(spec: ToolSpec, arguments: dict[str, Any]) -> bool:
    """Whether the tool's schema accepts the arguments."""
    try:
        spec.parameters.model_validate(arguments)
    except ValidationError:
        return False
    return True


def with_invented_texts(context: Context, spec: ToolSpec, request: ToolRequest, fires: Fires) -> ToolRequest:
    """Make up free texts: each parameter that takes any text, and whose value was read nowhere, has its own chance."""
    arguments = dict(request.arguments)
    for name, shapes in _shapes(spec.parameters).items():
        free = [shape for shape in shapes if shape.get("type") == "string" and not _NARROW & shape.keys()]
        if free and fires(f"free_form:{name}") and not _was_read(context, arguments.get(name)):
            arguments[name] = f"the usual {name.replace('_', ' ')}"[: free[0].get("maxLength")]
    return ToolRequest(request.tool, arguments, request.intent)


def _was_read(context: Context, value: Any) -> bool:
    if not isinstance(value, str):
        return False
    text = re.sub(r"\s+", " ", value).strip()
    return text in context.ask.text or any(text in one.text for one in context.observations)


def _with_argument(request: ToolRequest, name: str, value: Any) -> ToolRequest:
    return ToolRequest(request.tool, {**request.arguments, name: value}, request.intent)


@lru_cache(maxsize=256)
def _shapes(parameters: type[BaseModel]) -> dict[str, list[Shape]]:
    """Return the schemas that each argument may keep, with the references resolved."""
    schema = parameters.model_json_schema()
    shared: dict[str, Shape] = schema.get("$defs", {})
    fields: dict[str, Shape] = schema.get("properties", {})
    return {
        name: [{**shape, **shared.get(_referred(shape), {})} for shape in field.get("anyOf", [field])]
        for name, field in fields.items()
    }


def _referred(shape: Shape) -> str:
    return str(shape.get("$ref", "")).rpartition("/")[2]
