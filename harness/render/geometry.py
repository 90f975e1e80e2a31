"""Where things stand in the picture of a timeline; time is drawn so that short calls stay visible beside long waits."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import msgspec

from harness.analysis import Bar, Lane, Mark, Timeline

MARGIN, TOP = 16.0, 26.0
LANE, BAR = 30.0, 18.0
ROW, ICON, LETTER, MONO_LETTER = 20.0, 14.0, 6.3, 7.0
MOST_ROWS, TITLE_LETTERS = 4, 200
NARROWEST = 1112.0
HUNDRED = 100.0
LABEL_ROOM, STATUS_ROOM, TICK_ROOM = 38.0, 84.0, 58.0


class PlacedLane(msgspec.Struct, frozen=True):
    """A lane with its place."""

    label: str
    top: float
    height: float
    striped: bool


class PlacedBar(msgspec.Struct, frozen=True):
    """A bar with its place; ``text`` is what there is room for."""

    x: float
    y: float
    width: float
    height: float
    status: str
    text: str
    title: str


class PlacedMark(msgspec.Struct, frozen=True):
    """A mark with its place; ``reach`` is how far down the line to its call goes, None without one."""

    x: float
    y: float
    kind: str
    label: str
    title: str
    reach: float | None


class Picture(msgspec.Struct, frozen=True):
    """Everything that the template draws."""

    width: float
    height: float
    lanes: tuple[PlacedLane, ...]
    bars: tuple[PlacedBar, ...]
    marks: tuple[PlacedMark, ...]
    ticks: tuple[tuple[float, str], ...]


def picture(timeline: Timeline) -> Picture:
    """Place a timeline."""
    at, width = _axis(timeline)
    rows = _rows(timeline.marks, at)
    lanes, middles = _lanes(timeline.lanes, timeline.marks, rows)
    bottom = lanes[-1].top + lanes[-1].height if lanes else TOP
    return Picture(
        width=width,
        height=bottom + 6,
        lanes=lanes,
        bars=tuple(_bar(bar, at, middles) for bar in timeline.bars),
        marks=tuple(_mark(mark, row, at, middles) for mark, row in zip(timeline.marks, rows, strict=True)),
        ticks=tuple(_ticks(at)),
    )


def _axis(timeline: Timeline) -> tuple[Mapping[float, float], float]:
    """Give each instant its x: the gap between two grows with the logarithm of the time between them."""
    marked = (mark.time_s for mark in timeline.marks)
    ended = (bar.end_s for bar in timeline.bars)
    instants = sorted({0.0, timeline.end_s, *(bar.start_s for bar in timeline.bars), *ended, *marked})
    gaps = [14 + 26 * math.log2(1 + later - earlier) for earlier, later in pairwise(instants)]
    labels = max((len(mark.label) for mark in timeline.marks), default=0) * LETTER
    gutter = _gutter(timeline.lanes)
    room = NARROWEST - gutter - MARGIN - labels
    stretch = min(3.0, max(1.0, room / sum(gaps))) if gaps else 1.0
    at, x = {}, gutter
    for instant, gap in zip(instants, [*gaps, 0.0], strict=True):
        at[instant] = round(x, 1)
        x += gap * stretch
    return at, max(NARROWEST, round(x + MARGIN + labels, 1))


def _gutter(lanes: Sequence[Lane]) -> float:
    """Return how much room the names of the lanes need."""
    return 28 + MONO_LETTER * max((len(_lane_name(lane, lanes)) for lane in lanes), default=0)


def _lane_name(lane: Lane, lanes: Sequence[Lane]) -> str:
    """Return the lane's name, with its run where there are several."""
    several = len({one.run_id for one in lanes if one.run_id}) > 1
    return f"{lane.run_id} {lane.label}" if several and lane.run_id else lane.label


def _rows(marks: Sequence[Mark], at: Mapping[float, float]) -> list[int]:
    """Give each mark the first row of its lane in which it runs into nobody's label."""
    ends: dict[tuple[str, int], float] = {}
    rows = []
    for mark in marks:
        x = at[mark.time_s]
        free = (row for row in range(MOST_ROWS) if ends.get((mark.lane, row), 0.0) <= x - ICON / 2)
        row = next(free, MOST_ROWS - 1)
        ends[(mark.lane, row)] = x + ICON + len(mark.label) * LETTER
        rows.append(row)
    return rows


def _lanes(
    lanes: Sequence[Lane], marks: Iterable[Mark], rows: Iterable[int]
) -> tuple[tuple[PlacedLane, ...], Mapping[str, float]]:
    depth: dict[str, int] = {}
    for mark, row in zip(marks, rows, strict=True):
        depth[mark.lane] = max(depth.get(mark.lane, 0), row)
    placed, middles, top = [], {}, TOP
    for index, lane in enumerate(lanes):
        height = LANE + depth.get(lane.key, 0) * ROW
        placed.append(PlacedLane(_lane_name(lane, lanes), top, height, striped=index % 2 == 1))
        middles[lane.key] = top + LANE / 2
        top += height
    return tuple(placed), middles


def _bar(bar: Bar, at: Mapping[float, float], middles: Mapping[str, float]) -> PlacedBar:
    x = at[bar.start_s]
    width = max(5.0, round(at[bar.end_s] - x, 1))
    return PlacedBar(
        x, middles[bar.lane] - BAR / 2, width, BAR, _look(bar), _room(bar, width), bar.detail[:TITLE_LETTERS]
    )


def _look(bar: Bar) -> str:
    """Return the bar's status; a model call that went well steps back behind the tools."""
    return "model" if bar.status == "ok" and bar.lane.endswith("/model") else bar.status


def _room(bar: Bar, width: float) -> str:
    span = f"{bar.end_s - bar.start_s:.3g} s"
    if bar.status in ("failed", "unknown", "denied", "approved", "open"):
        sign = {"failed": "!", "unknown": "?", "denied": "!"}.get(bar.status, "")
        return f"{bar.status} {span}" if width >= STATUS_ROOM else sign
    return span if width >= LABEL_ROOM else ""


def _mark(mark: Mark, row: int, at: Mapping[float, float], middles: Mapping[str, float]) -> PlacedMark:
    y = middles.get(mark.lane, TOP) + row * ROW
    reach = middles.get(mark.target) if mark.target and mark.kind == "fault_injected" else None
    return PlacedMark(at[mark.time_s], y, mark.kind, mark.label, mark.detail[:TITLE_LETTERS], reach)


def _ticks(at: Mapping[float, float]) -> Iterable[tuple[float, str]]:
    last = -TICK_ROOM
    for instant, x in at.items():
        if x - last >= TICK_ROOM:
            yield x, f"{instant:.4g} s" if instant >= HUNDRED else f"{instant:.3g} s"
            last = x
