"""One real results folder for all tests of this room."""

from __future__ import annotations

import pytest

from harness.analysis import Results, load_results
from tests.analysis.datasets import run_shop


@pytest.fixture(scope="package")
def lost(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Return the results of the shop's scenario."""
    return load_results(run_shop(tmp_path_factory.mktemp("lost")))
