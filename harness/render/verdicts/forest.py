"""Where things stand in the forest plot: one axis for all metrics, in margins, worse to the left.

A difference of one margin is where a metric is just not allowed to be. So a rate, a mean and a ratio (by its logarithm)
can be read against one line.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from harness.deciding import MetricVerdict
from harness.render.numbers import DASH
from harness.render.verdicts.figures import difference, in_margins, interval, limit

WIDTH, LEFT, RIGHT = 1112.0, 216.0, 780.0
TOP, ROW, BOTTOM = 30.0, 36.0, 12.0
NARROWEST, WIDEST = 1.6, 5.0
_LETTERS = 30


class PlacedMetric(msgspec.Struct, frozen=True):
    """A metric with its place; without ``x`` nothing was measured. An end that is cut goes on beyond the picture."""

    y: float
    label: str
    ruling: str
    gated: bool
    text: str
    aside: str
    x: float | None = None
    low: float | None = None
    high: float | None = None
    low_cut: bool = False
    high_cut: bool = False


class Forest(msgspec.Struct, frozen=True):
    """Everything that the template draws; ``ticks`` are (x, text)."""

    width: float
    height: float
    left: float
    right: float
    margin: float
    zero: float
    ticks: tuple[tuple[float, str], ...]
    rows: tuple[PlacedMetric, ...]


class _Axis(msgspec.Struct, frozen=True):
    """From how many margins worse (negative) to how many better the picture reaches."""

    worst: float
    best: float

    def at(self, margins: float) -> float:
        inside = min(max(margins, self.worst), self.best)
        return round(LEFT + (inside - self.worst) / (self.best - self.worst) * (RIGHT - LEFT), 1)

    def cuts(self, margins: float) -> bool:
        return not self.worst <= margins <= self.best


def forest(metrics: tuple[MetricVerdict, ...]) -> Forest:
    """Place the metrics, in their order."""
    places = [_margins(one) for one in metrics]
    axis = _axis(at for three in places for at in three if at is not None)
    rows = (_row(rank, one, place, axis) for rank, (one, place) in enumerate(zip(metrics, places, strict=True)))
    return Forest(
        width=WIDTH,
        height=TOP + ROW * len(metrics) + BOTTOM,
        left=LEFT,
        right=RIGHT,
        margin=axis.at(-1),
        zero=axis.at(0),
        ticks=tuple(_ticks(axis)),
        rows=tuple(rows),
    )


def _margins(one: MetricVerdict) -> tuple[float | None, float | None, float | None]:
    """Return the lower end, the point and the upper end, the worse end first."""
    low, point, high = (in_margins(one, apart) for apart in (one.low, one.difference, one.high))
    return (low, point, high) if one.better == "higher" else (high, point, low)


def _axis(drawn: Iterable[float]) -> _Axis:
    """Reach as far as the intervals do, within bounds: one that is far off must not press all others together."""
    reached = (0.0, *drawn)
    return _Axis(max(-WIDEST, min(-NARROWEST, min(reached) - 0.3)), min(WIDEST, max(NARROWEST, max(reached) + 0.3)))


def _ticks(axis: _Axis) -> Iterable[tuple[float, str]]:
    yield axis.at(-1), "margin"
    yield axis.at(0), "equal"
    for margins in range(-int(-axis.worst), int(axis.best) + 1):
        if margins not in {-1, 0}:
            yield axis.at(margins), f"{abs(margins)} {'better' if margins > 0 else 'worse'}"


def _row(
    rank: int, one: MetricVerdict, place: tuple[float | None, float | None, float | None], axis: _Axis
) -> PlacedMetric:
    low, point, high = place
    label = one.name if len(one.name) <= _LETTERS else f"{one.name[: _LETTERS - 1]}…"
    return PlacedMetric(
        y=TOP + ROW * rank + ROW / 2,
        label=label,
        ruling=one.ruling,
        gated=one.gated,
        text="not measured" if point is None else difference(one, one.difference),
        aside=f"{interval(one)}, allowed {limit(one)}".removeprefix(f"{DASH}, "),
        x=None if point is None else axis.at(point),
        low=None if low is None else axis.at(low),
        high=None if high is None else axis.at(high),
        low_cut=low is not None and axis.cuts(low),
        high_cut=high is not None and axis.cuts(high),
    )
