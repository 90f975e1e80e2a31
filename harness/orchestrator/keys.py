"""Idempotency keys: one for each intended effect, however often it has to be asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Protocol

from harness.boundary import ToolSpec, identity_of
from harness.history import canonical_json, digest
from harness.planners import ToolRequest


class Keys(Protocol):
    """Names the intended effects of one run."""

    def key(self, spec: ToolSpec, request: ToolRequest, now_s: float) -> str | None:
        """Return the key of the effect that is intended now."""

    def age_s(self, key: str | None, now_s: float) -> float:
        """Return how long ago a key was first used."""

    def applied(self, key: str | None) -> None:
        """Note that the effect is known to have taken place, so that the next intent is another one."""


class IntentKeys:
    """Key = run, tool, identity arguments (all, for a tool that declares no identity), ordinal of the intent.

    A request whose intent was seen before on the same thing keeps its ordinal, also after a context reset. A new intent
    gets the next ordinal only when the former ended ``ok``: a reworded repeat after an unknown outcome keeps its key,
    and a second intended effect gets its own. A planner that names no intents means the same by the same arguments.
    """

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._ordinals: defaultdict[str, dict[str, int]] = defaultdict(dict)
        self._applied: set[str] = set()
        self._since_s: dict[str, float] = {}

    def key(self, spec: ToolSpec, request: ToolRequest, now_s: float) -> str | None:
        """Return the key, or None for a read."""
        if spec.effect == "read":
            return None
        thing = self._thing(spec, request.arguments)
        known = self._ordinals[thing]
        intent = request.intent or digest(request.arguments)
        if intent not in known:
            last = max(known.values(), default=1)
            known[intent] = last + 1 if f"{thing}:{last}" in self._applied else last
        key = f"{thing}:{known[intent]}"
        self._since_s.setdefault(key, now_s)
        return key

    def age_s(self, key: str | None, now_s: float) -> float:
        """Return the seconds since the key was first used; 0 for a call without one."""
        return now_s - self._since_s[key] if key is not None else 0.0

    def applied(self, key: str | None) -> None:
        """Close the intent."""
        if key is not None:
            self._applied.add(key)

    def _thing(self, spec: ToolSpec, arguments: Mapping[str, Any]) -> str:
        thing = identity_of(spec, arguments) or arguments
        return f"{self._run_id}:{spec.name}:{canonical_json(thing).decode()}"


class NoKeys:
    """Sends every call without a key."""

    def key(self, _spec: ToolSpec, _request: ToolRequest, _now_s: float) -> str | None:
        """Return no key."""
        return None

    def age_s(self, _key: str | None, _now_s: float) -> float:
        """Return nothing: there is no key to grow old."""
        return 0.0

    def applied(self, _key: str | None) -> None:
        """Note nothing."""
