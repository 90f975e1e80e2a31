"""The gate's rules err as seldom as promised; the page has the long run of it."""

from __future__ import annotations

import pytest

from benchmarks.calibrated_suites import MEAN, RATES, RATIO, Cell, cells, play, t_alone
from benchmarks.calibration import ONE_LOOK, PAGE, error_row, power_cells, power_row
from harness.statistics import LookPlan

REPETITIONS = 2_000


@pytest.mark.parametrize(
    "cell",
    [
        Cell(RATES[2], 20, 0.15, loss=0.15, share=0.16),
        Cell(RATES[0], 50, 0.10),
    ],
    ids=["a candidate that loses the margin", "a candidate that loses nothing"],
)
def test_a_wrong_verdict_comes_in_less_than_one_case_of_twenty(cell: Cell) -> None:
    row = error_row(cell, play(cell, LookPlan(), REPETITIONS, seed=0))
    assert row.kept, row.text


def test_the_t_interval_alone_would_break_the_promise() -> None:
    cell = Cell(RATES[2], 20, 0.15, loss=0.15, share=0.16)
    assert play(cell, LookPlan(), REPETITIONS, seed=0, rule=t_alone).passed > 0.06


def test_power_is_what_the_closed_form_tells() -> None:
    first, *_, last = power_cells()
    for one in (first, last):
        row = power_row(one, play(one.cell, ONE_LOOK, 4_000, seed=1))
        assert row.kept, row.text


def test_every_kind_of_metric_is_calibrated_from_twenty_clusters_on() -> None:
    for family in (*RATES, MEAN, RATIO):
        sizes = {cell.clusters for cell in cells() if cell.family == family}
        assert min(sizes) == 20


def test_the_page_breaks_no_promise() -> None:
    promised = PAGE.read_text(encoding="utf-8").split("## Why not")[0]
    assert "10,000 for each line" in promised
    assert "BROKEN" not in promised
    assert promised.count("\n") > len(list(cells())) + len(list(power_cells()))
