"""On what the time of a trial was spent: each moment counts once, for what was under way."""

from __future__ import annotations

from harness.scoring.record import Record

_MODEL, _TOOL, _PEOPLE, _NOTHING = range(4)
_BEGINS = {"model_call_started": _MODEL, "tool_call_started": _TOOL, "approval_requested": _PEOPLE}
_ENDS = frozenset(
    {"model_call_completed", "model_call_failed", "tool_call_completed", "tool_call_failed", "approval_decided"}
)


def span_s(record: Record) -> float:
    """Return the seconds from the start of the first run to the end of the last."""
    start, end = _span(record)
    return end - start


def _span(record: Record) -> tuple[float, float]:
    ends = [event.time_s for event in record.of("run_completed", "trial_aborted")]
    starts = [event.time_s for event in record.of("run_started")]
    return min(starts, default=0.0), max(ends, default=0.0)


def time_shares_s(record: Record) -> tuple[float, float, float, float]:
    """Return the seconds for models, tools, people and nothing of those; they add up to :func:`span_s`.

    Where several are under way, models come before tools and tools before people. What an agent left under way at its
    end lasts to the end of the last run; hand-offs to other agents are their runs' time.
    """
    start, end = _span(record)
    shares, since = [0.0, 0.0, 0.0, 0.0], start
    under_way: dict[int, int] = {}
    counts = [0, 0, 0]
    for event in record.events:
        begun = _BEGINS.get(event.kind) if event.port != "agent" else None
        ended = under_way.pop(event.payload.get("call", -1), None) if event.kind in _ENDS else None
        if begun is None and ended is None:
            continue
        if start < event.time_s <= end:
            shares[_what(counts)] += event.time_s - since
            since = event.time_s
        if begun is not None:
            under_way[event.seq] = begun
            counts[begun] += 1
        if ended is not None:
            counts[ended] -= 1
    shares[_what(counts)] += end - since
    return shares[0], shares[1], shares[2], shares[3]


def _what(counts: list[int]) -> int:
    if counts[_MODEL]:
        return _MODEL
    if counts[_TOOL]:
        return _TOOL
    return _PEOPLE if counts[_PEOPLE] else _NOTHING
