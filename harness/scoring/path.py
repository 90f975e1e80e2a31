"""Path quality: which tools were called, with which arguments, in how many steps, how often again."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from itertools import pairwise
from typing import Literal

import msgspec

from harness.boundary import ToolFacts
from harness.content import ExpectedPath
from harness.scoring.calls import Attempt, LogicalCall
from harness.scoring.matching import Matching, first_difference, match
from harness.scoring.record import Record

LOOP_BLOCK_MAX = 3
LOOP_REPEATS_MIN = 3
STORM_WINDOW_S = 10.0

RetryVerdict = Literal["justified", "permanent_error", "too_early", "unsafe"]


class PathQuality(msgspec.Struct, frozen=True):
    """Tool and argument scores of the alternative that fits best; None where there is nothing to score."""

    precision: float
    recall: float
    f1: float
    argument_score: float | None
    golden_steps: int
    path: ExpectedPath
    pairs: tuple[tuple[int, int], ...]


def path_quality(record: Record, calls: list[LogicalCall]) -> PathQuality | None:
    """Score the calls of one run against the best of the task's expected paths; None when the task names none."""
    expected = record.task.expect.calls
    if expected is None:
        return None
    tools = dict(record.tools)
    scored = [_quality(record, calls, path, match(calls, path, tools)) for path in expected.paths]
    return max(scored, key=lambda one: (one.f1, one.argument_score or 0.0))


def first_deviation(record: Record, calls: list[LogicalCall], quality: PathQuality) -> str | None:
    """Say in words where one run first left the expected path that fits it best; None where it kept to it."""
    expected, path, placed = record.task.expect.calls, quality.path, dict(quality.pairs)
    assert expected is not None
    left = [one for number, one in enumerate(path.required) if number not in placed.values()]
    for index, call in enumerate(calls):
        if index in placed:
            difference = first_difference(call.arguments, path.required[placed[index]])
        elif _is_read(record, call) or call.tool in expected.allowed:
            continue
        else:
            meant = next((one for one in left if one.tool == call.tool), None)
            difference = first_difference(call.arguments, meant) if meant else None
            difference = difference or f"{call.tool}: called once more than expected, or out of order"
        if difference:
            return difference
    if left:
        return f"{left[0].tool}: expected, and not called"
    return f"more reads than the path and {expected.read_budget} besides" if quality.precision < 1.0 else None


def _quality(record: Record, calls: list[LogicalCall], path: ExpectedPath, matching: Matching) -> PathQuality:
    expected = record.task.expect.calls
    assert expected is not None
    matched = len(matching.pairs)
    charged = matched + _charged(record, calls, {actual for actual, _ in matching.pairs})
    required = len(path.required)
    if charged == 0 and required == 0:
        precision = recall = 1.0
    else:
        precision = matched / charged if charged else 0.0
        recall = matched / required if required else 0.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    scores = matching.argument_scores
    argument_score = sum(scores) / len(scores) if scores else None
    golden_steps = expected.steps or required
    return PathQuality(precision, recall, f1, argument_score, golden_steps, path, matching.pairs)


def _charged(record: Record, calls: list[LogicalCall], matched: set[int]) -> int:
    """Count the unmatched calls that lower precision: reads beyond the budget, and writes that are not allowed."""
    expected = record.task.expect.calls
    assert expected is not None
    extra = [call for index, call in enumerate(calls) if index not in matched]
    reads = sum(1 for call in extra if _is_read(record, call))
    writes = sum(1 for call in extra if not _is_read(record, call) and call.tool not in expected.allowed)
    return max(0, reads - expected.read_budget) + writes


def _is_read(record: Record, call: LogicalCall) -> bool:
    facts = record.tools.get(call.tool)
    return facts is not None and facts.effect == "read"


def redundant_calls(calls: list[LogicalCall], requests: list[bytes]) -> int:
    """Count the calls of one run that repeat an identical call that had already succeeded."""
    if len(set(requests)) == len(requests):
        return 0
    succeeded: dict[bytes, int] = {}
    repeats = 0
    for call, request in zip(calls, requests, strict=True):
        repeats += succeeded.get(request, call.attempts[0].start.seq) < call.attempts[0].start.seq
        if call.status == "ok" and call.last.end is not None:
            succeeded[request] = min(succeeded.get(request, call.last.end.seq), call.last.end.seq)
    return repeats


def loops(requests: list[bytes]) -> int:
    """Count the stretches of one run in which a block of one to three requests stands at least three times in a row."""
    if len(requests) - len(set(requests)) < LOOP_REPEATS_MIN - 1:
        return 0
    found = position = 0
    while position < len(requests):
        stretch = max(_stretch(requests, position, size) for size in range(1, LOOP_BLOCK_MAX + 1))
        found += stretch > 0
        position += stretch or 1
    return found


def _stretch(requests: list[bytes], start: int, size: int) -> int:
    block = requests[start : start + size]
    repeats = 1
    while requests[start + repeats * size : start + (repeats + 1) * size] == block:
        repeats += 1
    return repeats * size if repeats >= LOOP_REPEATS_MIN else 0


def retry_verdicts(calls: list[LogicalCall], tools: Mapping[str, ToolFacts]) -> list[RetryVerdict]:
    """Return what each retry was worth, in the order of the calls.

    ``permanent_error``: the same arguments again after an error that no retry mends. ``too_early``: before the
    Retry-After was over. ``unsafe``: a write without a key again, although it may have happened. Else ``justified``.
    """
    pairs = [(call, pair) for call in calls for pair in pairwise(call.attempts)]
    return [_retry_verdict(former, later, tools.get(call.tool)) for call, (former, later) in pairs]


def _retry_verdict(former: Attempt, later: Attempt, facts: ToolFacts | None) -> RetryVerdict:
    end = former.end
    if end is None or end.result == "ok":
        return "justified"
    if end.retryable is False:
        return "permanent_error" if former.arguments == later.arguments else "justified"
    wait_s = end.payload.get("retry_after_s")
    if wait_s is not None and later.start.time_s < end.time_s + float(wait_s) - 1e-9:
        return "too_early"
    may_have_happened = end.result == "unknown" and (facts is None or facts.effect != "read")
    return "unsafe" if may_have_happened and later.key is None else "justified"


def storm(calls: list[LogicalCall]) -> int:
    """Return the largest number of retries at one tool that began within one window of STORM_WINDOW_S."""
    begins: dict[str, list[float]] = {}
    for call in calls:
        begins.setdefault(call.tool, []).extend(one.start.time_s for one in call.attempts[1:])
    return max((_most_in_window(sorted(times)) for times in begins.values()), default=0)


def _most_in_window(times: list[float]) -> int:
    return max(
        (bisect_right(times, start + STORM_WINDOW_S) - index for index, start in enumerate(times)),
        default=0,
    )
