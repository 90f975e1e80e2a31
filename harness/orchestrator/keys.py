"""Idempotency keys: one for each intended effect, however often it has to be asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Protocol

from harness.boundary import ToolSpec, identity_of
from harness.history import canonical_json


class Keys(Protocol):
    """Names the intended effects of one run."""

    def key(self, spec: ToolSpec, arguments: Mapping[str, Any]) -> str | None:
        """Return the key of the effect that is intended now."""

    def applied(self, spec: ToolSpec, arguments: Mapping[str, Any]) -> None:
        """Note that the effect is known to have taken place, so that the next intent is another one."""


class IntentKeys:
    """Key = run, tool, identity arguments (all, for a tool that declares no identity), ordinal of the intent.

    The ordinal moves on only when the former intent ended ``ok``: a reworded repeat after an unknown outcome keeps its
    key, and a second intended effect on the same thing gets its own.
    """

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._applied: Counter[str] = Counter()

    def key(self, spec: ToolSpec, arguments: Mapping[str, Any]) -> str | None:
        """Return the key, or None for a read."""
        if spec.effect == "read":
            return None
        intent = self._intent(spec, arguments)
        return f"{intent}:{self._applied[intent] + 1}"

    def applied(self, spec: ToolSpec, arguments: Mapping[str, Any]) -> None:
        """Move on to the next ordinal."""
        self._applied[self._intent(spec, arguments)] += 1

    def _intent(self, spec: ToolSpec, arguments: Mapping[str, Any]) -> str:
        thing = identity_of(spec, arguments) or arguments
        return f"{self._run_id}:{spec.name}:{canonical_json(thing).decode()}"


class NoKeys:
    """Sends every call without a key."""

    def key(self, _spec: ToolSpec, _arguments: Mapping[str, Any]) -> str | None:
        """Return no key."""
        return None

    def applied(self, _spec: ToolSpec, _arguments: Mapping[str, Any]) -> None:
        """Note nothing."""
