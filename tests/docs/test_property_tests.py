"""The page on property tests: its files are what it says, and Hypothesis finds what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.test_docs import NAMED, blocks

PAGE = "docs/property_tests.md"


@pytest.fixture
def reader(tmp_path: Path) -> Path:
    """Return the folder of a reader who saved every file of the page."""
    for _, text in blocks(PAGE):
        if named := NAMED.match(text):
            (tmp_path / named[1]).write_text(text)
    return tmp_path


def pytest_says(command: str, folder: Path) -> str:
    """Run a line of the page as a reader would, and return its output on one line."""
    done = subprocess.run(
        [sys.executable, "-m", *command.split()], cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    return " ".join((done.stdout + done.stderr).split())


def test_the_second_test_fails_and_shows_the_plan_of_the_page(reader: Path) -> None:
    [first, _] = [text for language, text in blocks(PAGE) if language == "sh"]
    [shown] = [text for language, text in blocks(PAGE) if language == "text"]
    said = pytest_says(first, reader)
    assert re.search(r"FAILED test_refunds.py::test_my_agent_refunds_once .* 1 failed, 1 passed", said), said
    assert " ".join(shown.split()) in said


def test_the_plan_can_be_played_by_itself(reader: Path) -> None:
    [text] = [text for language, text in blocks(PAGE) if language == "python" and not NAMED.match(text)]
    done = subprocess.run([sys.executable, "-c", text], cwd=reader, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_the_reference_passes_in_other_worlds(reader: Path) -> None:
    [_, second] = [text for language, text in blocks(PAGE) if language == "sh"]
    assert " 1 passed" in pytest_says(second, reader)
