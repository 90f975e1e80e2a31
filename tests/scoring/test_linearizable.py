"""The search for an order against all permutations, on histories so small that nobody can err about them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Sequence
from functools import partial

import msgspec
from hypothesis import event, given
from hypothesis import strategies as st

from harness.scoring import Order, Span, linear_order, next_ones

SIZE_MAX = 5


class Step(msgspec.Struct, frozen=True):
    """A write of a value to one register (``seen`` None), or a read that was answered with one."""

    span: Span
    write: int | None
    seen: int | None


@st.composite
def histories(draw: st.DrawFn) -> list[Step]:
    """Draw a few steps at different moments, some of which nobody saw end."""
    size = draw(st.integers(0, SIZE_MAX))
    moments = draw(st.permutations(range(2 * size)))
    steps = []
    for number in range(size):
        began, ended = sorted(moments[2 * number : 2 * number + 2])
        value = draw(st.integers(0, 2))
        is_write, is_seen = draw(st.booleans()), draw(st.integers(0, 4)) > 0
        span = Span(began, ended if is_seen else math.inf)
        steps.append(Step(span, value if is_write else None, None if is_write else value))
    return steps


def register(steps: Sequence[Step], order: Sequence[int], end: int | None = None) -> Hashable | None:
    """Return what the register holds behind an order; None when a read or the end is not as it was seen."""
    held = 0
    for number in order:
        step = steps[number]
        if step.write is None and step.seen != held:
            return None
        held = held if step.write is None else step.write
    return None if end not in (None, held) and len(order) == len(steps) else held


def respects_time(steps: Sequence[Step], order: Sequence[int]) -> bool:
    return not any(
        steps[later].span.ended < steps[earlier].span.began for earlier, later in itertools.combinations(order, 2)
    )


def explaining(steps: Sequence[Step], end: int | None) -> list[Order]:
    """Return every order that explains a history, by going through all there are."""
    orders = itertools.permutations(range(len(steps)))
    return [one for one in orders if respects_time(steps, one) and register(steps, one, end) is not None]


@given(steps=histories(), end=st.none() | st.integers(0, 2))
def test_an_order_is_found_where_there_is_one_and_only_there(steps: list[Step], end: int | None) -> None:
    found = linear_order([one.span for one in steps], lambda order: register(steps, order, end))
    orders = explaining(steps, end)
    event("explained" if orders else "not explained")
    assert not found.exhausted
    assert found.order in orders if orders else found.order is None


@given(steps=histories(), end=st.none() | st.integers(0, 2))
def test_the_longest_order_goes_and_nothing_can_come_behind_it(steps: list[Step], end: int | None) -> None:
    """It is what the problem is told from."""
    spans = [one.span for one in steps]
    longest = linear_order(spans, lambda order: register(steps, order, end)).longest
    whole = len(longest) == len(steps) and register(steps, longest, end) is not None
    more = [one for one in next_ones(spans, longest) if register(steps, (*longest, one), end) is not None]
    left = set(range(len(steps))) - set(longest)
    assert not longest or register(steps, longest, end) is not None
    assert not any(steps[one].span.ended < steps[done].span.began for one in left for done in longest)
    assert more == [] or whole


@given(steps=histories(), end=st.none() | st.integers(0, 2), tries_max=st.integers(0, 40))
def test_a_search_that_was_stopped_says_nothing_and_any_other_says_the_same(
    steps: list[Step], end: int | None, tries_max: int
) -> None:
    spans, tried = [one.span for one in steps], []

    def after(order: Order) -> Hashable | None:
        tried.append(order)
        return register(steps, order, end)

    whole = linear_order(spans, after)
    needed = len(tried)
    tried.clear()
    found = linear_order(spans, after, tries_max)
    event("stopped" if tries_max < needed else "at its end")
    assert len(tried) == min(needed, tries_max)
    assert found.exhausted == (tries_max < needed)
    assert found.order is None if found.exhausted else found == whole


@given(steps=histories())
def test_what_may_come_next_is_what_some_order_begins_with(steps: list[Step]) -> None:
    orders = [one for one in itertools.permutations(range(len(steps))) if respects_time(steps, one)]
    for order in orders:
        for length in range(len(order)):
            begun = order[:length]
            expected = {one[length] for one in orders if one[:length] == begun}
            assert set(next_ones([one.span for one in steps], begun)) == expected


def test_calls_that_overlap_may_be_exchanged_and_others_may_not() -> None:
    """A read of what only a later write brings: explained while the write is under way, impossible before it began."""
    write, read = Step(Span(0, 3), 1, None), Step(Span(1, 2), None, 1)
    late = Step(Span(4, 5), 1, None)
    for steps, order in ([read, write], (1, 0)), ([read, late], None), ([late, read], None):
        assert linear_order([one.span for one in steps], partial(register, steps)).order == order


def test_equal_calls_with_another_state_behind_them_are_searched_again() -> None:
    """Of two writes at the same time, the one that was tried first has to be the last."""
    for value in range(3):
        other = (value + 1) % 3
        steps = [Step(Span(0, 2), value, None), Step(Span(1, 3), other, None), Step(Span(4, 5), None, value)]
        assert linear_order([one.span for one in steps], partial(register, steps)).order == (1, 0, 2)


def test_of_several_orders_it_is_the_one_that_stands_first() -> None:
    spans = [Span(number, math.inf) for number in range(4)]
    assert linear_order(spans, lambda _: 0).order == (0, 1, 2, 3)


def test_equal_states_behind_equal_calls_are_searched_once() -> None:
    """Twelve calls that commute have 479 million orders, and 4096 states."""
    spans = [Span(number) for number in range(12)]
    found = linear_order(spans, lambda order: None if len(order) == len(spans) else 0, tries_max=25_000)
    assert (found.order, found.exhausted, len(found.longest)) == (None, False, 11)
