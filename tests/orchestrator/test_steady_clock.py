"""A clock that is set, and what deadlines make of it."""

from __future__ import annotations

import asyncio
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.orchestrator.steady_clock import SteadyClock
from harness.simulation import simulate
from tests.conftest import Play

JUMPS = st.lists(st.tuples(st.floats(-5_000, 5_000), st.integers(0, 50)), max_size=20)


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.at_s = 1_000.0

    def now(self) -> float:
        return self.at_s

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@given(JUMPS)
def test_it_counts_what_passes_and_no_jump_of_the_clock_behind_it(jumps: list[tuple[float, int]]) -> None:
    async def read() -> list[float]:
        hand = Hand()
        steady = SteadyClock(hand, 0.0)
        seen = []
        for jump, wait_s in jumps:
            hand.at_s += jump
            await steady.sleep(wait_s)
            seen.append(steady.now())
        return seen

    waits = accumulate(wait_s for _, wait_s in jumps)
    assert simulate(read) == pytest.approx([1_000.0 + passed_s for passed_s in waits])


@pytest.mark.parametrize(("not_before_s", "begins_s"), [(2_500.0, 2_500.0), (10.0, 1_000.0)])
def test_it_begins_where_an_earlier_life_left_off(not_before_s: float, begins_s: float) -> None:
    async def read() -> float:
        return SteadyClock(Hand(), not_before_s).now()

    assert simulate(read) == begins_s


def test_a_clock_that_is_set_back_extends_no_deadline(play: Play) -> None:
    down = {"kind": "timeout", "at": "retrieval:search_kb", "when": {"every": True}}
    back = {"kind": "clock_skew", "when": {"window": [1, 100_000]}, "options": {"skew_s": -7_200}}
    patient = {"name": "patient", "policy": {"retry": {"per_run": 500, "max_attempts": 200}}}
    ends = [play(*faults, agent=patient).record.of("run_completed")[0].time_s for faults in ([down], [down, back])]
    assert ends[0] == ends[1]
