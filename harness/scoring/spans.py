"""On what the time of a trial was spent: each moment counts once, for what was under way."""

from __future__ import annotations

from collections.abc import Iterator

from harness.scoring.record import Record

_SHARES = 4
_MODEL, _TOOL, _PEOPLE, _NOTHING = range(_SHARES)
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
    shares, under_way, since = [0.0] * _SHARES, [0, 0, 0, 1], start
    for time_s, what, change in _changes(record):
        now = min(max(time_s, start), end)
        shares[next(one for one in range(_SHARES) if under_way[one])] += now - since
        under_way[what] += change
        since = now
    shares[next(one for one in range(_SHARES) if under_way[one])] += end - since
    return shares[0], shares[1], shares[2], shares[3]


def _changes(record: Record) -> Iterator[tuple[float, int, int]]:
    """Yield when something of a kind begins (1) or ends (-1)."""
    open_calls: dict[int, int] = {}
    for event in record.events:
        if (what := _BEGINS.get(event.kind)) is not None:
            if event.port != "agent":
                open_calls[event.seq] = what
                yield event.time_s, what, 1
        elif event.kind in _ENDS:
            what = open_calls.pop(event.payload.get("call", -1), None)
            if what is not None:
                yield event.time_s, what, -1
