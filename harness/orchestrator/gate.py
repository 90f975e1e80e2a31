"""Which actions a person has to see first, and what the run has read that it should not trust."""

from __future__ import annotations

from typing import Protocol

from harness.boundary import ToolSpec


class Gate(Protocol):
    """Decides whether an action needs approval."""

    def saw(self, spec: ToolSpec) -> None:
        """Note that a result of this tool has come into the planner's context."""

    def reason(self, spec: ToolSpec) -> str | None:
        """Return why a call of this tool needs approval now, or None when it needs none."""


class ApprovalGate:
    """Irreversible actions always need approval; every write does once untrusted text is in the context.

    The choice of an action can not be told apart from the text that it was chosen on, so from the first untrusted
    result on each write counts as steered by it.
    """

    def __init__(self) -> None:
        self._untrusted: list[str] = []

    def saw(self, spec: ToolSpec) -> None:
        """Remember tools whose results strangers can write."""
        if spec.untrusted and spec.name not in self._untrusted:
            self._untrusted.append(spec.name)

    def reason(self, spec: ToolSpec) -> str | None:
        """Name the first reason that applies."""
        if spec.effect == "irreversible":
            return "irreversible"
        if spec.effect == "write" and self._untrusted:
            return f"untrusted content from {', '.join(self._untrusted)}"
        return None


class IrreversibleGate(ApprovalGate):
    """Looks at the class of the action alone, and trusts whatever was read."""

    def saw(self, spec: ToolSpec) -> None:
        """Remember nothing."""


class NoGate:
    """Lets every action through."""

    def saw(self, _spec: ToolSpec) -> None:
        """Remember nothing."""

    def reason(self, _spec: ToolSpec) -> str | None:
        """Give no reason."""
        return None
