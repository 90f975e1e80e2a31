"""Simulated tools: a function over the world, declared once with the decorator :func:`tool`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from pydantic import BaseModel, ConfigDict, create_model

from harness.boundary import EffectClass, ErrorType, ToolSpec

EFFECT_CLASSES: tuple[str, ...] = get_args(EffectClass)


class ToolError(Exception):
    """A tool refuses: the agent gets ``failed`` with this error type, and nothing has changed."""

    def __init__(self, error_type: ErrorType, message: str) -> None:
        self.error_type: ErrorType = error_type
        super().__init__(message)


class Tool(msgspec.Struct, frozen=True):
    """A declaration with the function behind it: ``function(world, **arguments) -> plain data``."""

    spec: ToolSpec
    function: Callable[..., Any]


def tool(
    *,
    effect: EffectClass = "read",
    identity: tuple[str, ...] = (),
    port: Literal["tool", "retrieval"] = "tool",
    untrusted: bool = False,
    latency_s: float = 0.2,
    concurrency_max: int | None = None,
) -> Callable[[Callable[..., Any]], Tool]:
    """Declare a simulated tool; its name, description, argument types and kind of result are the function's own.

    The first parameter is the world, all others are arguments. A tool may raise :class:`ToolError` and nothing else,
    and raises it before it changes the world.
    """
    if effect not in EFFECT_CLASSES:
        raise TypeError(f"there is no effect class {effect!r}; use one of: {', '.join(EFFECT_CLASSES)}")

    def declare(function: Callable[..., Any]) -> Tool:
        spec = ToolSpec(
            name=function.__name__,
            description=inspect.cleandoc(function.__doc__ or ""),
            parameters=_parameters(function),
            effect=effect,
            identity=identity,
            port=port,
            untrusted=untrusted,
            result="object" if _returns_an_object(function) else "anything",
            latency_s=latency_s,
            concurrency_max=concurrency_max,
        )
        unknown = set(identity) - set(spec.parameters.model_fields)
        if unknown:
            msg = f"tool {spec.name}: identity names {sorted(unknown)}, which are no arguments of it"
            raise TypeError(msg)
        return Tool(spec, function)

    return declare


def _returns_an_object(function: Callable[..., Any]) -> bool:
    returned = get_type_hints(function).get("return")
    return (get_origin(returned) or returned) is dict


def _parameters(function: Callable[..., Any]) -> type[BaseModel]:
    hints = get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {
        name: (hints[name], ... if parameter.default is inspect.Parameter.empty else parameter.default)
        for name, parameter in list(inspect.signature(function).parameters.items())[1:]
    }
    return create_model(function.__name__, __config__=ConfigDict(extra="forbid", strict=True), **fields)
