"""Four planners that must fail: they show whether a golden task asks for anything at all."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from harness.boundary import ToolSpec
from harness.content import Reference
from harness.planners.decisions import Context, Decision, Planner, ToolRequest
from harness.planners.scripted import scripted

ENTITY = re.compile(r"\b([A-Z]+-?)(\d+)")


def do_nothing(_reference: Reference) -> Planner:
    """Say that all is done."""
    return lambda _context: Decision(answer="Done.")


def read_everything(_reference: Reference) -> Planner:
    """Call every read tool with guessed arguments, then say that all is done."""
    return _call_each(lambda spec: spec.effect == "read")


def write_everything(_reference: Reference) -> Planner:
    """Call every writing tool with guessed arguments, then say that all is done."""
    return _call_each(lambda spec: spec.effect != "read")


def wrong_entity(reference: Reference) -> Planner:
    """Follow the reference, but act on another entity of the same kind."""
    return scripted(wrong_reference(reference))


def names_an_entity(reference: Reference) -> bool:
    """Whether there is anything in the reference that :func:`wrong_entity` could get wrong."""
    return wrong_reference(reference) != reference


def wrong_reference(reference: Reference) -> Reference:
    """Return the reference with every entity replaced by the next of its kind."""
    return Reference.model_validate(_shift_entities(reference.model_dump()))


def _shift_entities(value: Any) -> Any:
    if isinstance(value, str):
        return ENTITY.sub(lambda match: f"{match[1]}{int(match[2]) + 1:0{len(match[2])}d}", value)
    if isinstance(value, dict):
        return {
            key: item + 1 if _is_number_of_entity(key, item) else _shift_entities(item) for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_shift_entities(item) for item in value]
    return value


def _is_number_of_entity(key: str, value: Any) -> bool:
    return key.endswith("id") and isinstance(value, int)


def _call_each(wanted: Callable[[ToolSpec], bool]) -> Planner:
    def decide(context: Context) -> Decision:
        done = {one.request.tool for one in context.observations}
        for spec in context.catalogue.values():
            if wanted(spec) and spec.name not in done:
                return Decision(calls=(ToolRequest(spec.name, guess_arguments(spec, context.ask.text)),))
        return Decision(answer="Done.")

    return decide


def guess_arguments(spec: ToolSpec, ask: str) -> dict[str, Any]:
    """Make up a value for each argument that the tool requires."""
    schema = spec.schema()
    required = schema.get("required", [])
    return {name: _guess_value(schema["properties"][name], schema, ask) for name in required}


def _guess_value(field: dict[str, Any], schema: dict[str, Any], ask: str) -> Any:
    if "$ref" in field:
        field = schema["$defs"][field["$ref"].rsplit("/", 1)[-1]]
    if "enum" in field:
        return field["enum"][0]
    if "const" in field:
        return field["const"]
    if "anyOf" in field:
        return _guess_value(field["anyOf"][0], schema, ask)
    guesses: dict[str, Any] = {"integer": 1, "number": 1.0, "boolean": True, "array": [], "object": {}, "null": None}
    entity = ENTITY.search(ask)
    return guesses.get(field.get("type", "string"), entity[0] if entity else ask[:40])
