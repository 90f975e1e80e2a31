"""How a trial ended, without a number: two trials that fail in the same way have the same signature."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from harness.scoring.expectations import key_of
from harness.scoring.scorecard import Scorecard
from harness.scoring.view import View
from harness.scoring.violations import Violation

AS_EXPECTED = ("as_expected",)

_OF_NO_TOOL = "budget_overshoot"  # which call happens to be the one too many says nothing
_QUOTED = re.compile(r" ['\"\[].*", re.DOTALL)
_WORD_WITH_DIGIT = re.compile(r"[\w-]*\d[\w-]*")


def signature(view: View, card: Scorecard, unmet: Sequence[str] | None) -> tuple[str, ...]:
    """Return sorted facts on how a trial ended: no times, no amounts, no ids.

    They are the verdict, the terminal state, the rules that were broken, what was expected in vain, and what of the
    task's goal was missed. A trial that ended as its scenario expects has one fact.
    """
    if unmet == ():
        return AS_EXPECTED
    # A table joins facts with bars, and an expression can hold some of its own.
    return tuple(sorted({fact.replace(" | ", "|") for fact in _facts(view, card, unmet or ())}))


def _facts(view: View, card: Scorecard, unmet: Sequence[str]) -> Iterator[str]:
    yield f"verdict {card.verdict}"
    yield f"terminal_state {card.terminal_state}"
    for violation in card.violations:
        yield f"violation {violation.rule}{_tool(view, violation)} {'blocked' if violation.blocked else 'executed'}"
    # That another verdict was expected adds nothing to the verdict, and is not known when a failure is first found.
    yield from (f"unmet {key}" for key in map(key_of, unmet) if key != "verdict")
    if "world" in view.record.seen:
        yield from (f"missed {_goal(words)}" for words in (*view.missed, *view.unwanted))


def _tool(view: View, violation: Violation) -> str:
    """Name the tool that a violation came through, as far as its event names one."""
    name = next((event.name for event in view.record.events if event.seq == violation.seq), None)
    return "" if name is None or violation.rule == _OF_NO_TOOL else f" {name}"


def _goal(words: str) -> str:
    """Cut what was missed down to its place; ids in it become a star."""
    if words.startswith("answer: "):
        return _QUOTED.sub("", words)
    place = words.partition(": expected ")[0].partition(" and should not")[0]
    return _WORD_WITH_DIGIT.sub("*", place) if place.startswith("world: ") else place
