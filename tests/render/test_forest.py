"""The forest plot puts every metric on one axis, on which a margin is a margin whatever its unit."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.deciding.verdict import Better, MetricKind
from harness.render.verdicts import figures
from harness.render.verdicts.forest import forest
from tests.render.verdict_samples import metric

KINDS: tuple[MetricKind, ...] = get_args(MetricKind)
SIDES: tuple[Better, ...] = get_args(Better)


def just_allowed(kind: MetricKind, better: Better, margin: float) -> float:
    """Return the worst difference that is still allowed."""
    if kind == "ratio":
        return margin if better == "lower" else 1 / margin
    return margin if better == "lower" else -margin


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("better", SIDES)
@given(st.floats(0.001, 0.9))
def test_what_is_just_allowed_stands_on_the_margin(kind: MetricKind, better: Better, above: float) -> None:
    margin = 1 + above if kind == "ratio" else above
    worst = just_allowed(kind, better, margin)
    one = metric("a", "pass", kind=kind, better=better, margin=margin, difference=worst)
    assert figures.in_margins(one, worst) == pytest.approx(-1)
    plot = forest((one,))
    assert plot.rows[0].x == pytest.approx(plot.margin, abs=0.11)
    assert figures.limit(one) == figures.difference(one, worst)


@pytest.mark.parametrize("better", SIDES)
@given(st.lists(st.floats(-3, 3), min_size=3, max_size=3).map(sorted))
def test_worse_is_always_to_the_left(better: Better, ends: list[float]) -> None:
    low, point, high = ends
    plot = forest((metric("a", "pass", kind="mean", better=better, margin=0.5, low=low, difference=point, high=high),))
    [row] = plot.rows
    assert row.low is not None
    assert row.x is not None
    assert row.high is not None
    assert plot.left <= row.low <= row.x <= row.high <= plot.right
    is_worse = point < 0 if better == "higher" else point > 0
    assert (row.x < plot.zero) <= is_worse


def test_an_end_beyond_the_picture_is_marked_and_leaves_the_others_their_room() -> None:
    far = metric("far", "fail", difference=-3.0, low=-9.0, high=-0.02)
    plot = forest((far, metric("near", "pass", difference=0.0, low=-0.01, high=0.01)))
    assert (plot.rows[0].low_cut, plot.rows[0].high_cut) == (True, False)
    assert not plot.rows[1].low_cut
    assert plot.zero - plot.margin > (plot.right - plot.left) / 10


def test_what_was_not_measured_is_not_drawn() -> None:
    endless = metric("endless", "insufficient", kind="ratio", margin=1.1, difference=float("inf"), low=0.0, high=1.0)
    plot = forest((metric("a", "insufficient"), endless))
    assert [(row.x, row.text) for row in plot.rows] == [(None, "not measured")] * 2


@pytest.mark.parametrize(
    ("kind", "name", "apart", "told"),
    [
        ("rate", "success", -0.0415, "\u22124.2 points"),
        ("mean", "tool_precision", 0.01, "+1.0 points"),
        ("mean", "retries", -0.25, "\u22120.25"),
        ("mean", "virtual_s", 2.0, "+2 s"),
        ("mean", "cost_usd", -0.004, "\u2212$0.0040"),
        ("ratio", "cost_usd", 1.4, "\u00d71.40"),
        ("ratio", "cost_usd", float("inf"), "\u2013"),
        ("rate", "success", 0.0, "0.0 points"),
    ],
)
def test_a_difference_is_told_in_the_unit_of_its_metric(kind: MetricKind, name: str, apart: float, told: str) -> None:
    assert figures.difference(metric(name, "pass", kind=kind), apart) == told
