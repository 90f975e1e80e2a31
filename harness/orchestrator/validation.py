"""Arguments are checked here, against the tool's own schema, before anything is sent; the planner is not trusted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from pydantic import ValidationError

from harness.boundary import ToolSpec, argument_problems


class Validation(Protocol):
    """Checks the arguments of a request."""

    def problem(self, spec: ToolSpec, arguments: Mapping[str, Any]) -> str | None:
        """Say what is wrong with the arguments, or None."""


class TypedArguments:
    """Required fields, narrow enums, bounded text: whatever the declared types say."""

    def problem(self, spec: ToolSpec, arguments: Mapping[str, Any]) -> str | None:
        """Name every field that does not keep its type."""
        try:
            spec.parameters.model_validate(arguments)
        except ValidationError as error:
            return argument_problems(error)
        return None


class NoValidation:
    """Sends whatever the planner wrote."""

    def problem(self, _spec: ToolSpec, _arguments: Mapping[str, Any]) -> str | None:
        """Find nothing."""
        return None
