"""Addressed chance: a draw depends on its seed, stream and address, and on nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.simulation import derive_seed, draw

ADDRESSES = st.tuples(st.integers(), st.text(max_size=6), st.text(max_size=6))
PARTS = st.lists(st.text(max_size=4), max_size=3)


def test_draws_are_what_they_were() -> None:
    """Stored records replay only as long as these numbers hold."""
    assert draw(0, "", "") == 0.909911640317618
    assert draw(42, "latency", "run-1/tool:refund[A1]#1") == 0.39566561504946074
    assert derive_seed(42, "orders", "task-1", "3") == 3076816304567124757


@given(ADDRESSES)
def test_a_draw_lies_between_zero_and_one(address: tuple[int, str, str]) -> None:
    assert 0 <= draw(*address) < 1


@given(ADDRESSES, ADDRESSES)
def test_different_addresses_have_different_draws(one: tuple[int, str, str], other: tuple[int, str, str]) -> None:
    assert (draw(*one) == draw(*other)) == (one == other)


def test_where_the_stream_ends_is_never_in_doubt() -> None:
    assert len({draw(1, "a", "b:c"), draw(1, "a:b", "c"), draw(1, "a:", "b:c"), draw(1, "", "a:b:c")}) == 4


def test_draws_are_spread_evenly() -> None:
    draws = [draw(7, "stream", str(number)) for number in range(20_000)]
    tenths = [sum(tenth <= 10 * value < tenth + 1 for value in draws) for tenth in range(10)]
    assert all(1800 < count < 2200 for count in tenths)


@given(st.integers(), PARTS, PARTS)
def test_different_parts_have_different_seeds(seed: int, one: list[str], other: list[str]) -> None:
    assert (derive_seed(seed, *one) == derive_seed(seed, *other)) == (one == other)


@given(st.integers(), PARTS)
def test_a_seed_has_63_bits(seed: int, parts: list[str]) -> None:
    assert 0 <= derive_seed(seed, *parts) < 2**63
