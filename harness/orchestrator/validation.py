"""Arguments and results are checked here, against what the tool declares: no planner is trusted, and no answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from pydantic import ValidationError

from harness.boundary import ToolSpec, argument_problems
from harness.content import shorten


class Validation(Protocol):
    """Checks the arguments of a request, and what comes back."""

    def problem(self, spec: ToolSpec, arguments: Mapping[str, Any]) -> str | None:
        """Say what is wrong with the arguments, or None."""

    def result_problem(self, spec: ToolSpec, value: Any) -> str | None:
        """Say why an answer is no result of this tool, or None."""


class TypedArguments:
    """Required fields, narrow enums, bounded text: whatever the declared types say."""

    def problem(self, spec: ToolSpec, arguments: Mapping[str, Any]) -> str | None:
        """Name every field that does not keep its type."""
        try:
            spec.parameters.model_validate(arguments)
        except ValidationError as error:
            return argument_problems(error)
        return None

    def result_problem(self, spec: ToolSpec, value: Any) -> str | None:
        """Find a text or a page in the place of an object, and an object that holds an error and nothing else."""
        if spec.result == "object" and not isinstance(value, dict):
            return f"the answer is no result: {shorten(value)}"
        match value:
            case {"error": error} if len(value) == 1:
                return f"the answer is an error: {shorten(error)}"
        return None


class NoValidation:
    """Sends whatever the planner wrote."""

    def problem(self, _spec: ToolSpec, _arguments: Mapping[str, Any]) -> str | None:
        """Find nothing."""
        return None

    def result_problem(self, _spec: ToolSpec, _value: Any) -> str | None:
        """Find nothing."""
        return None
