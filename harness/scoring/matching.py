"""The exact maximum matching of actual calls to expected ones, consistent with a partial order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from harness.boundary import ToolFacts
from harness.content import Comparer, ExpectedCall, ExpectedPath, same
from harness.scoring.calls import LogicalCall

_PARTIAL = 1e-6


class Matching(msgspec.Struct, frozen=True):
    """Pairs of (index of the actual call, index of the expected call), and the argument score of each pair."""

    pairs: tuple[tuple[int, int], ...]
    argument_scores: tuple[float, ...]


def match(calls: Sequence[LogicalCall], path: ExpectedPath, tools: dict[str, ToolFacts]) -> Matching:
    """Match one to one: most pairs first, then the best arguments.

    A pair needs the same tool and every expected identity argument. Dynamic programming over the set of expected calls
    that are matched so far, taking the actual calls in time order: an expected call can be matched as long as none of
    its successors is (at most 16 expected calls).
    """
    successors = _closure(path)
    best: dict[int, tuple[float, tuple[tuple[int, int], ...]]] = {0: (0.0, ())}
    for index, call in enumerate(calls):
        options = [
            (number, 1.0 + _PARTIAL * argument_score(call.arguments, expected))
            for number, expected in enumerate(path.required)
            if _eligible(call, expected, tools)
        ]
        if options:
            best = _extend(best, index, options, successors)
    _, pairs = max(best.values(), key=lambda one: (one[0], [-actual for actual, _ in one[1]]))
    scores = tuple(argument_score(calls[actual].arguments, path.required[number]) for actual, number in pairs)
    return Matching(pairs, scores)


def _extend(
    best: dict[int, tuple[float, tuple[tuple[int, int], ...]]],
    index: int,
    options: list[tuple[int, float]],
    successors: list[int],
) -> dict[int, tuple[float, tuple[tuple[int, int], ...]]]:
    extended = dict(best)
    for mask, (total, pairs) in best.items():
        for number, weight in options:
            if mask >> number & 1 or mask & successors[number]:
                continue
            grown = mask | 1 << number
            if grown not in extended or extended[grown][0] < total + weight:
                extended[grown] = (total + weight, (*pairs, (index, number)))
    return extended


def _closure(path: ExpectedPath) -> list[int]:
    """Return for each expected call the set of calls (as bits) that come after it, directly or not."""
    numbers = {call.id: number for number, call in enumerate(path.required) if call.id}
    after = [0] * len(path.required)
    for earlier, later in path.order:
        after[numbers[earlier]] |= 1 << numbers[later]
    for _ in path.required:
        for number, bits in enumerate(after):
            for other in range(len(after)):
                if bits >> other & 1:
                    after[number] |= after[other]
    return after


def _eligible(call: LogicalCall, expected: ExpectedCall, tools: dict[str, ToolFacts]) -> bool:
    if call.tool != expected.tool:
        return False
    identity = tools[call.tool].identity if call.tool in tools else ()
    return all(expected.args[name].accepts(call.arguments.get(name)) for name in identity if name in expected.args)


def argument_score(arguments: dict[str, Any], expected: ExpectedCall) -> float:
    """Equal keys / expected keys, recursive into tables that are compared as a whole.

    Range 0 to 1; 1 when the task names no argument. Arguments that the task does not name do not count. Source: the
    key-wise similarity of deepeval's tool correctness, with the comparers of the task.
    """
    if not expected.args:
        return 1.0
    return sum(_likeness(arguments.get(name), one) for name, one in expected.args.items()) / len(expected.args)


def _likeness(value: Any, comparer: Comparer) -> float:
    if comparer.accepts(value):
        return 1.0
    if isinstance(comparer.equals, dict) and isinstance(value, dict):
        return _common(value, comparer.equals)
    return 0.0


def _common(value: dict[str, Any], wanted: dict[str, Any]) -> float:
    keys = value.keys() | wanted.keys()
    parts = [_leaf_likeness(value, wanted, key) for key in sorted(keys)]
    return sum(parts) / len(parts)


def _leaf_likeness(value: dict[str, Any], wanted: dict[str, Any], key: str) -> float:
    if key not in value or key not in wanted:
        return 0.0
    left, right = value[key], wanted[key]
    if isinstance(left, dict) and isinstance(right, dict) and (left or right):
        return _common(left, right)
    return float(same(left, right))


def first_difference(arguments: dict[str, Any], expected: ExpectedCall) -> str | None:
    """Say in words which argument differs first, or return None when none does."""
    for name, comparer in expected.args.items():
        if not comparer.accepts(arguments.get(name)):
            got = repr(arguments[name]) if name in arguments else "nothing"
            return f"{expected.tool}.{name}: expected {comparer.describe()}, got {got}"
    return None
