"""``${step.path}`` in a reference: bound to the result of an earlier step with JMESPath."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

from harness.content.fields import jmespath_expression

_REFERENCE = re.compile(r"\$\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}")


class Unbound(LookupError):
    """A reference that leads nowhere; the message names it."""


@lru_cache(maxsize=4096)
def _compiled(expression: str) -> Any:
    return jmespath.compile(expression)


def bind(template: Any, results: dict[str, Any]) -> Any:
    """Replace every reference in ``template``; a text that is one reference keeps the type of what it names.

    Raises Unbound when a step has no result yet or the path leads nowhere.
    """
    if isinstance(template, str):
        return _bind_text(template, results)
    if isinstance(template, dict):
        return {key: bind(value, results) for key, value in template.items()}
    if isinstance(template, list | tuple):
        return [bind(value, results) for value in template]
    return template


def _bind_text(template: str, results: dict[str, Any]) -> Any:
    if "${" not in template:
        return template
    whole = _REFERENCE.fullmatch(template)
    if whole:
        return _look_up(whole[1], results)
    return _REFERENCE.sub(lambda match: str(_look_up(match[1], results)), template)


def _look_up(expression: str, results: dict[str, Any]) -> Any:
    try:
        found = _compiled(expression).search(results)
    except JMESPathError as error:
        msg = f"${{{expression}}}: {error}"
        raise Unbound(msg) from error
    if found is None:
        msg = f"${{{expression}}} leads nowhere; results so far: {', '.join(sorted(results)) or 'none'}"
        raise Unbound(msg)
    return found


def broken_bindings(template: Any) -> Iterator[str]:
    """Yield what is wrong with the shape of each reference in ``template``."""
    if isinstance(template, str):
        if "${" in _REFERENCE.sub("", template):
            yield "a ${ is not closed; write ${step.path}"
        for expression in _REFERENCE.findall(template):
            try:
                jmespath_expression(expression)
            except ValueError as error:
                yield f"${{{expression}}}: {error}"
    elif isinstance(template, dict | list | tuple):
        for value in template.values() if isinstance(template, dict) else template:
            yield from broken_bindings(value)


def bound_steps(template: Any) -> set[str]:
    """Return the names of the steps that the references in ``template`` begin with; a broken reference names none."""
    if isinstance(template, str):
        return {name for expression in _REFERENCE.findall(template) for name in _roots_of(expression)}
    if isinstance(template, dict):
        return {name for value in template.values() for name in bound_steps(value)}
    if isinstance(template, list | tuple):
        return {name for value in template for name in bound_steps(value)}
    return set()


# Of these only the first part is looked up among the results; the others see what it has found.
_CHAINS = frozenset(
    {"subexpression", "index_expression", "projection", "filter_projection", "value_projection", "flatten", "pipe"}
)


def _roots_of(expression: str) -> set[str]:
    try:
        return _roots(_compiled(expression).parsed)
    except (JMESPathError, ValueError, RecursionError):
        return set()


def _roots(node: dict[str, Any]) -> set[str]:
    if node["type"] == "field":
        return {node["value"]}
    children = node["children"][:1] if node["type"] in _CHAINS else node["children"]
    return {name for child in children for name in _roots(child)}
