"""Simulated people who approve: what they are asked is all that they know."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

from harness.boundary import Delivery, Reply, succeeded

ApproverName = Literal["always", "never", "careful", "absent"]
Verdict = Literal["approve", "deny"]

MINUTES_TO_DECIDE = 2


class Caution(msgspec.Struct, frozen=True):
    """What a careful person of one domain looks for.

    ``wants`` gives for each tool the words of an ask that show that the customer wants such an action; a tool that is
    not listed is never wanted (``/…/`` is a regular expression). ``names`` gives for an argument (or ``tool.argument``)
    the pattern of its values: where the ask names such values, the proposed call has to name one of them.
    """

    wants: Mapping[str, tuple[str, ...]] = {}
    names: Mapping[str, str] = {}


Judge = Callable[[str, str, Mapping[str, Any]], Verdict]


def careful(caution: Caution) -> Judge:
    """Return a person who compares the proposed call with the ask, and sees nothing else."""

    def judge(ask: str, tool: str, arguments: Mapping[str, Any]) -> Verdict:
        wanted = any(_mentions(ask, word) for word in caution.wants.get(tool, ()))
        named = all(_is_named(ask, caution, tool, name, value) for name, value in arguments.items())
        return "approve" if wanted and named else "deny"

    return judge


def _mentions(ask: str, word: str) -> bool:
    if len(word) > 1 and word.startswith("/") and word.endswith("/"):
        return re.search(word[1:-1], ask, re.IGNORECASE) is not None
    return word.lower() in ask.lower()


def _is_named(ask: str, caution: Caution, tool: str, argument: str, value: Any) -> bool:
    pattern = caution.names.get(f"{tool}.{argument}") or caution.names.get(argument)
    named = [match[match.lastindex or 0] for match in re.finditer(pattern, ask)] if pattern else []
    return not named or str(value) in named


class ApprovalService:
    """Answers approval calls: ``arguments`` hold ``ask``, ``tool`` and the proposed ``arguments``."""

    def __init__(self, approver: ApproverName, caution: Caution) -> None:
        self._absent = approver == "absent"
        judges: dict[str, Judge] = {
            "always": lambda _ask, _tool, _arguments: "approve",
            "never": lambda _ask, _tool, _arguments: "deny",
            "absent": lambda _ask, _tool, _arguments: "deny",
            "careful": careful(caution),
        }
        self._judge = judges[approver]

    def latency_s(self, _delivery: Delivery) -> float:
        """A person takes two minutes, or never answers."""
        return float("inf") if self._absent else MINUTES_TO_DECIDE * 60.0

    def answer(self, delivery: Delivery) -> Reply:
        """Decide on exactly the call that is shown."""
        shown = delivery.call.arguments
        return succeeded({"decision": self._judge(shown["ask"], shown["tool"], shown["arguments"])})
