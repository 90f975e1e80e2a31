"""A clock that is set back, and what deadlines make of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.orchestrator.steady_clock import SteadyClock
from tests.conftest import Play

JUMPS = st.lists(st.floats(-5_000, 5_000), max_size=20)


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.at_s = 1_000.0

    def now(self) -> float:
        return self.at_s

    async def sleep(self, seconds: float) -> None:
        self.at_s += seconds


@given(JUMPS)
def test_it_never_goes_back_and_counts_every_second_forward(jumps: list[float]) -> None:
    hand = Hand()
    steady = SteadyClock(hand, 0.0)
    read = [steady.now()]
    for jump in jumps:
        hand.at_s += jump
        read.append(steady.now())
    assert read == sorted(read)
    assert abs(read[-1] - 1_000.0 - sum(jump for jump in jumps if jump > 0)) < 1e-6


def test_it_begins_where_an_earlier_life_left_off() -> None:
    assert SteadyClock(Hand(), 2_500.0).now() == 2_500.0
    assert SteadyClock(Hand(), 10.0).now() == 1_000.0


def test_a_clock_that_is_set_back_extends_no_deadline(play: Play) -> None:
    down = {"kind": "timeout", "at": "retrieval:search_kb", "when": {"every": True}}
    back = {"kind": "clock_skew", "when": {"window": [1, 100_000]}, "options": {"skew_s": -7_200}}
    patient = {"name": "patient", "policy": {"retry": {"per_run": 500, "max_attempts": 200}}}
    ends = [play(*faults, agent=patient).record.of("run_completed")[0].time_s for faults in ([down], [down, back])]
    assert ends[1] <= ends[0] + 1.0
