"""What the measurements promise, and that they measure what they say."""

from __future__ import annotations

from io import StringIO

import pytest

from benchmarks.bare_loop import bare_episode
from benchmarks.episode import DOMAIN, LINES, TASK, measure, payload, specs
from harness.campaign import run_trial
from harness.content import load_domain


@pytest.mark.alone
def test_an_episode_costs_at_most_ten_times_the_bare_loop() -> None:
    floor_s, ours_s = measure()
    assert ours_s / floor_s < 10


def test_the_bare_loop_makes_the_same_calls_to_the_same_end() -> None:
    domain, log = load_domain(DOMAIN), StringIO()
    answer = bare_episode(domain, domain.tasks[TASK], payload(), log)
    assert answer == run_trial(specs()[0], {}).record.answer
    assert len(log.getvalue().splitlines()) == LINES
