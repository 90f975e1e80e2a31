"""Derived arguments: what deterministic code can work out from a trusted result is not left to the planner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import jmespath
import msgspec

from harness.boundary import Catalogue, identity_of
from harness.orchestrator.policy import Policy
from harness.planners import Observation, ToolRequest


class Derivations(Protocol):
    """Replaces arguments of a request."""

    def saw(self, observation: Observation) -> None:
        """Take note of a result."""

    def apply(self, request: ToolRequest) -> ToolRequest:
        """Return the request with its derived arguments."""


class TrustedDerivations:
    """Takes each argument that the policy names from the last trusted result of another tool on the same thing."""

    def __init__(self, policy: Policy, catalogue: Catalogue) -> None:
        self._rules = [
            (*target.split(".", 1), *source.split(".", 1)) for target, source in sorted(policy.derived.items())
        ]
        self._catalogue = catalogue
        self._results: dict[str, list[tuple[Mapping[str, Any], Any]]] = {}

    def saw(self, observation: Observation) -> None:
        """Keep a trusted result with the thing that it is about."""
        spec = self._catalogue[observation.request.tool]
        if observation.status == "ok" and not spec.untrusted:
            thing = identity_of(spec, observation.request.arguments)
            self._results.setdefault(spec.name, []).append((thing, observation.value))

    def apply(self, request: ToolRequest) -> ToolRequest:
        """Overwrite what the planner said wherever a result says it better."""
        arguments = dict(request.arguments)
        for tool, argument, source, path in self._rules:
            if tool == request.tool:
                for value in self._about(source, request.arguments):
                    arguments[argument] = jmespath.search(path, value)
        return msgspec.structs.replace(request, arguments=arguments)

    def _about(self, source: str, arguments: Mapping[str, Any]) -> list[Any]:
        """Return the results of a tool that name the same thing as the arguments, oldest first."""
        return [value for thing, value in self._results.get(source, []) if thing.items() <= arguments.items()]


class NoDerivations:
    """Takes every argument from the planner."""

    def saw(self, _observation: Observation) -> None:
        """Keep nothing."""

    def apply(self, request: ToolRequest) -> ToolRequest:
        """Return the request as it is."""
        return request
