from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.deciding.golden_traces import Mode, agrees, difference

CALLS = st.lists(st.sampled_from(["get 1", "get 2", "pay 1"]), max_size=6)
MODES: tuple[Mode, ...] = ("exact", "in_order", "any_order")


@given(path=CALLS)
def test_every_path_agrees_with_itself(path: list[str]) -> None:
    assert all(agrees(path, path, mode) for mode in MODES)


@given(approved=CALLS, path=CALLS)
def test_the_modes_are_ever_more_tolerant(approved: list[str], path: list[str]) -> None:
    exact, in_order, any_order = (agrees(approved, path, mode) for mode in MODES)
    assert exact <= in_order <= any_order


@given(approved=CALLS, more=CALLS, at=st.integers(0, 6))
def test_calls_between_change_the_exact_path_alone(approved: list[str], more: list[str], at: int) -> None:
    path = [*approved[:at], *more, *approved[at:]]
    assert agrees(approved, path, "in_order")
    assert agrees(approved, path, "exact") == (not more)


@given(approved=CALLS, path=CALLS)
def test_one_call_never_stands_for_two(approved: list[str], path: list[str]) -> None:
    if len(path) < len(approved):
        assert not any(agrees(approved, path, mode) for mode in MODES)


def test_the_first_difference_is_told_in_words() -> None:
    assert difference(["get 1", "pay 1"], ["get 1", "pay 2"]) == "call 2: approved pay 1; now pay 2"
    assert difference(["get 1"], ["get 1", "pay 1"]) == "call 2: approved nothing; now pay 1"
