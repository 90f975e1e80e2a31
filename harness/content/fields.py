"""Types of single values that several files hold: names, patterns, expressions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions
from pydantic import AfterValidator, Field

_FUNCTIONS = Functions.FUNCTION_TABLE


def _printable(name: str) -> str:
    if not name.isprintable():
        msg = "a name holds no line breaks and no control characters"
        raise ValueError(msg)
    return name


def regular_expression(text: str) -> str:
    """Return ``text`` if it is a regular expression; raises ValueError."""
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        msg = f"not a regular expression: {error}"
        raise ValueError(msg) from error
    return text


def jmespath_expression(text: str) -> str:
    """Return ``text`` if it is a JMESPath expression that calls only functions that exist; raises ValueError."""
    try:
        parsed: Any = jmespath.compile(text).parsed
    except (JMESPathError, ValueError, RecursionError) as error:
        msg = f"not a JMESPath expression: {' '.join(str(error).split())}"
        raise ValueError(msg) from error
    for name in _called(parsed):
        if name not in _FUNCTIONS:
            msg = f"not a JMESPath expression: there is no function {name}(); known: {', '.join(sorted(_FUNCTIONS))}"
            raise ValueError(msg)
    return text


def _called(node: dict[str, Any]) -> Iterator[str]:
    if node["type"] == "function_expression":
        yield node["value"]
    for child in node["children"]:
        if isinstance(child, dict):
            yield from _called(child)


Name = Annotated[str, Field(min_length=1, max_length=80), AfterValidator(_printable)]
Text = Annotated[str, Field(min_length=1)]
Pattern = Annotated[str, AfterValidator(regular_expression)]
Expression = Annotated[str, AfterValidator(jmespath_expression)]
