"""The figures of a metric in words: one unit for a value, its difference, the interval and the margin."""

from __future__ import annotations

import math

from harness.deciding import MetricVerdict
from harness.render.numbers import DASH, SHARES, metric, number, percent

MINUS, TIMES = "\u2212", "\u00d7"
_TOO_LONG = 1e15
_SMALLEST_P = 0.001
RULINGS = {
    "pass": "pass",
    "pass_worse": "pass, but worse",
    "fail": "fail",
    "inconclusive": "inconclusive",
    "insufficient": "too few clusters",
}


def finite(value: float | None) -> float | None:
    """Return a number that can be drawn, or None: a ratio to zero has no end."""
    return value if value is not None and math.isfinite(value) else None


def value(one: MetricVerdict, measured: float | None) -> str:
    """Write the value of a metric for one side."""
    known = finite(measured)
    if known is None or abs(known) >= _TOO_LONG:
        return DASH if known is None else f"{known:.3g}"
    return percent(known) if one.kind == "rate" else metric(known, one.name)


def difference(one: MetricVerdict, apart: float | None) -> str:
    """Write candidate against baseline: points for shares, a factor for ratios, else in the metric's unit."""
    known = finite(apart)
    if known is None:
        return DASH
    return f"{TIMES}{_short(known)}" if one.kind == "ratio" else f"{_signed(one, known)}{_unit(one)}"


def interval(one: MetricVerdict) -> str:
    """Write the bounds of the difference."""
    low, high = finite(one.low), finite(one.high)
    if low is None or high is None:
        return DASH
    if one.kind == "ratio":
        return f"{TIMES}{_short(low)} to {TIMES}{_short(high)}"
    return f"{_signed(one, low)} to {_signed(one, high)}{_unit(one)}"


def limit(one: MetricVerdict) -> str:
    """Write the difference that would just be allowed."""
    if one.margin is None:
        return DASH
    if one.kind == "ratio":
        return difference(one, one.margin if one.better == "lower" or one.margin <= 0 else 1 / one.margin)
    return difference(one, -one.margin if one.better == "higher" else one.margin)


def detectable(one: MetricVerdict) -> str:
    """Write the smallest loss that would have been shown, without a sign."""
    known = finite(one.detectable)
    return DASH if known is None else difference(one, known).removeprefix("+")


def p_value(p: float | None) -> str:
    """Write a p-value."""
    known = finite(p)
    if known is None:
        return DASH
    return f"< {_SMALLEST_P}" if known < _SMALLEST_P else f"{known:.3f}"


def compared(one: MetricVerdict) -> str:
    """Say in brackets what was measured: both sides, the difference with its interval, what is allowed."""
    if finite(one.difference) is None:
        return f"(not measured, allowed {limit(one)})"
    sides = f"{value(one, one.baseline)} → {value(one, one.candidate)}"
    bounds = "" if interval(one) == DASH else f" [{interval(one)}]"
    return f"({sides}: {difference(one, one.difference)}{bounds}, allowed {limit(one)})"


def in_margins(one: MetricVerdict, apart: float | None) -> float | None:
    """Return a difference as multiples of its margin, below 0 where the candidate is worse; ratios by logarithm.

    None where it can not be said: nothing measured, a ratio that is not positive, a margin that is none.
    """
    known = finite(apart)
    if known is None or one.margin is None or one.margin <= (1 if one.kind == "ratio" else 0):
        return None
    if one.kind == "ratio" and known <= 0:
        return None
    so_many = math.log(known) / math.log(one.margin) if one.kind == "ratio" else known / one.margin
    return finite(so_many if one.better == "higher" else -so_many)


def _in_points(one: MetricVerdict) -> bool:
    return one.kind == "rate" or one.name in SHARES


def _unit(one: MetricVerdict) -> str:
    return " points" if _in_points(one) else ""


def _signed(one: MetricVerdict, known: float) -> str:
    sign = "+" if known > 0 else MINUS if known < 0 else ""
    if abs(known) >= _TOO_LONG:
        return f"{sign}{abs(known):.3g}"
    return f"{sign}{abs(known) * 100:.1f}" if _in_points(one) else f"{sign}{metric(abs(known), one.name)}"


def _short(ratio: float) -> str:
    return f"{ratio:.2f}" if 0.01 <= abs(ratio) < 1000 or ratio == 0 else f"{ratio:.2g}"  # noqa: PLR2004


def counted(count: int, one: str, many: str | None = None) -> str:
    """Write a count with its noun."""
    return f"{number(count)} {one if count == 1 else many or f'{one}s'}"
