"""Why a run stops before its answer: an outcome with a cause, never an error that reaches the caller."""

from __future__ import annotations

from typing import Any

from harness.boundary import Reply
from harness.orchestrator.policy import Cause


class Halt(Exception):
    """The run ends here; ``cause`` chooses the fallback, ``facts`` go into its event."""

    def __init__(self, cause: Cause, message: str, **facts: Any) -> None:
        self.cause: Cause = cause
        self.facts = facts
        self.reply: Reply | None = None
        super().__init__(message)
