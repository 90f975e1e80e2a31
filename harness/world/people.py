"""Simulated people who approve: what they are asked is all that they know."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

from harness.boundary import Delivery, Reply, succeeded

ApproverName = Literal["always", "never", "careful", "absent", "modifies", "escalates", "slow"]
Verdict = Literal["approve", "deny"]

MINUTES_TO_DECIDE = 2.0
SLOW_MINUTES_TO_DECIDE = 30.0
SUPERVISOR_LEVEL = 2


class Caution(msgspec.Struct, frozen=True):
    """What a careful person of one domain looks for.

    ``wants`` gives for each tool the words of an ask that show that the customer wants such an action; a tool that is
    not listed is never wanted (``/…/`` is a regular expression). ``names`` gives for an argument (or ``tool.argument``)
    the pattern of its values: where the ask names such values, the proposed call has to name one of them. ``repeats``
    are words of an ask that show that something is wanted more than once of the same thing. ``amount_max`` is what a
    person who changes proposals cuts amounts to.
    """

    wants: Mapping[str, tuple[str, ...]] = {}
    names: Mapping[str, str] = {}
    repeats: tuple[str, ...] = ()
    amount_max: float = 25.0


Judge = Callable[[str, str, Mapping[str, Any]], Verdict]
Shown = Mapping[str, Any]  # the arguments of an approval call
Answer = dict[str, Any]  # the value of its reply
Person = Callable[[Shown], Answer]


def careful(caution: Caution) -> Judge:
    """Return a person who compares the proposed call with the ask."""

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


def _person(approver: ApproverName, caution: Caution) -> Person:
    judge = careful(caution)

    def compares(shown: Shown) -> Answer:
        if shown.get("done_before") and not any(_mentions(shown["ask"], word) for word in caution.repeats):
            return {"decision": "deny"}
        return {"decision": judge(shown["ask"], shown["tool"], shown["arguments"])}

    people: dict[ApproverName, Person] = {
        "always": lambda _shown: {"decision": "approve"},
        "never": lambda _shown: {"decision": "deny"},
        "careful": compares,
        "slow": compares,
        "absent": compares,
        "modifies": lambda shown: _cut(shown["arguments"], caution.amount_max),
        "escalates": lambda shown: compares(shown) if _is_for_supervisors(shown) else {"decision": "escalate"},
    }
    return people[approver]


def _cut(arguments: Mapping[str, Any], amount_max: float) -> Answer:
    cut = {name: _at_most(value, amount_max) if "amount" in name else value for name, value in arguments.items()}
    return {"decision": "approve"} if cut == arguments else {"decision": "modify", "arguments": cut}


def _at_most(value: Any, amount_max: float) -> Any:
    return type(value)(min(value, amount_max)) if isinstance(value, int | float) else value


def _is_for_supervisors(shown: Shown) -> bool:
    return bool(shown.get("level", 1) >= SUPERVISOR_LEVEL)


class _Desk:
    """Some people (at least one; None is enough for everybody) who decide on one request each at a time.

    Requests are taken up in the order in which they arrive. A decision takes everybody the same time, so that they end
    in that order too.
    """

    def __init__(self, people: int | None, seconds_each: float) -> None:
        self._people = people
        self._seconds_each = seconds_each
        self._done_at_s: list[float] = []

    def take_in(self, now_s: float) -> tuple[float, int]:
        """Return the seconds until the decision on a new request, and how many were waiting or in work before it."""
        self._done_at_s = [done_at_s for done_at_s in self._done_at_s if done_at_s > now_s]
        ahead = len(self._done_at_s)
        latency_s = self._wait_s(now_s) + self._seconds_each
        self._done_at_s.append(now_s + latency_s)
        return latency_s, ahead

    def _wait_s(self, now_s: float) -> float:
        if self._people is None or len(self._done_at_s) < self._people:
            return 0.0
        return self._done_at_s[-self._people] - now_s


class ApprovalService:
    """Answers approval calls: ``arguments`` hold ``ask``, ``tool``, the proposed ``arguments`` and the ``level``.

    Who is careful says no to what the run has done to the same thing already (``done_before``, as far as it is told).
    Level 1, the default, goes to the reviewers, level 2 to the supervisors. Every reply says how many requests were
    waiting or in work when this one arrived. Whoever is asked decides in the end: a caller that gives up takes no
    request back.
    """

    def __init__(
        self,
        approver: ApproverName,
        caution: Caution,
        *,
        reviewers: int | None = None,
        supervisors: int | None = None,
        minutes_each: float | None = None,
    ) -> None:
        """``minutes_each`` is what one decision takes; None leaves it to the kind of person."""
        usual_minutes = SLOW_MINUTES_TO_DECIDE if approver == "slow" else MINUTES_TO_DECIDE
        seconds_each = 60.0 * (usual_minutes if minutes_each is None else minutes_each)
        self._absent = approver == "absent"
        self._decide = _person(approver, caution)
        self._reviewers = _Desk(reviewers, seconds_each)
        self._supervisors = _Desk(supervisors, seconds_each)
        self._ahead: dict[tuple[str, int], int] = {}

    def latency_s(self, delivery: Delivery) -> float:
        """Put the request in its queue: the wait for somebody who is free, and the decision; or nobody ever answers."""
        if self._absent:
            return float("inf")
        desk = self._supervisors if _is_for_supervisors(delivery.call.arguments) else self._reviewers
        latency_s, ahead = desk.take_in(asyncio.get_running_loop().time())
        self._ahead[delivery.address, delivery.copy] = ahead
        return latency_s

    def answer(self, delivery: Delivery) -> Reply:
        """Decide on exactly the call that is shown."""
        queue_length = self._ahead.pop((delivery.address, delivery.copy))
        return succeeded({**self._decide(delivery.call.arguments), "queue_length": queue_length})
