"""The detectors keep to what was measured, on a sample of the seeded cases."""

from __future__ import annotations

import re

import pytest

from benchmarks.detectors.accuracy import Accuracy, accuracies
from benchmarks.detectors.cases import DETECTORS, Case, cases
from benchmarks.detectors.page import PAGE

FLOORS = {"runaway_loop": (0.95, 0.85), "silent_corruption": (0.8, 0.7), "confident_wrong": (0.8, 0.75)}
EVERY = 7


@pytest.fixture(scope="module")
def sample() -> list[Case]:
    return list(cases(every=EVERY))


@pytest.mark.parametrize("name", DETECTORS)
def test_a_detector_is_as_often_right_as_was_measured(sample: list[Case], name: str) -> None:
    found = accuracies(sample)[name]
    precision, recall = FLOORS[name]
    assert found.positive >= 20
    assert found.precision >= precision
    assert found.recall >= recall


def test_an_honest_and_sound_agent_raises_no_alarm(sample: list[Case]) -> None:
    quiet = [one for one in sample if one.behaviour in ("honest", "sound", "polls", "batches", "rereading")]
    assert len({one.behaviour for one in quiet}) == 5
    assert not [one for one in quiet if any(one.verdicts.values())]


def test_precision_and_recall_are_shares_of_what_was_said_and_of_what_is_so() -> None:
    one = Accuracy(cases=10, positive=4, found=3, said=5)
    assert (one.precision, one.recall) == (0.6, 0.75)


def test_the_page_holds_a_row_for_each_detector_above_its_floor() -> None:
    rows = re.findall(r"^\| `(\w+)` \| \d+ \| (\S+) \(.*?\| (\S+) \(", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert {
        name: (float(one) >= FLOORS[name][0], float(two) >= FLOORS[name][1]) for name, one, two in rows
    } == dict.fromkeys(DETECTORS, (True, True))
