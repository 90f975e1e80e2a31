"""The definitions of the metrics are part of the product."""

from __future__ import annotations

import pytest

from benchmarks.metrics_page import PAGE, PARTS, definition, page
from harness.scoring import METRICS, Metric


@pytest.mark.parametrize("metric", METRICS, ids=lambda one: one.name)
def test_a_metric_says_its_formula_its_range_when_it_is_null_and_where_it_comes_from(metric: Metric) -> None:
    told = definition(metric)
    assert told.formula
    assert tuple(told.parts) == PARTS
    assert all(text.endswith(".") for text in told.parts.values())


def test_no_two_metrics_share_a_name() -> None:
    names = [metric.name for metric in METRICS]
    assert len(set(names)) == len(names)


def test_the_page_of_metrics_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m benchmarks.metrics_page --docs"
