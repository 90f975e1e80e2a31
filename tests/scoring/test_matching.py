"""The matching of actual to expected calls is maximum, one to one, and keeps the partial order."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.boundary import ToolFacts
from harness.content import ExpectedCall, ExpectedPath
from harness.history import Event
from harness.scoring import Attempt, LogicalCall, argument_score, first_difference, match

TOOLS = {name: ToolFacts("write", ("id",)) for name in "abc"}


def call(tool: str, **arguments: Any) -> LogicalCall:
    """Build a logical call with one attempt."""
    return LogicalCall("run-1", tool, arguments, "declared", [Attempt(Event(0, 0.0, "tool_call_started"))])


def path(*tools: str, order: tuple[tuple[int, int], ...] = ()) -> ExpectedPath:
    """Build an expected path whose calls are numbered."""
    required = tuple(ExpectedCall(tool=tool, id=str(number)) for number, tool in enumerate(tools))
    return ExpectedPath(required=required, order=tuple((str(one), str(two)) for one, two in order))


def pairs(calls: str, expected: ExpectedPath) -> int:
    """Count the matched pairs for calls that are written as letters."""
    return len(match([call(tool) for tool in calls], expected, TOOLS).pairs)


def test_repeated_identical_calls_match_one_to_one() -> None:
    """[a, a] against [a, a] is two pairs."""
    assert pairs("aa", path("a", "a")) == 2


def test_one_call_never_satisfies_two_goldens() -> None:
    """[a] against [a, a] is one pair."""
    assert pairs("a", path("a", "a")) == 1


def test_reordering_inside_the_partial_order_costs_nothing() -> None:
    """Only a before c is asked for."""
    order = path("a", "b", "c", order=((0, 2),))
    assert [pairs(calls, order) for calls in ("abc", "bac", "acb")] == [3, 3, 3]


def test_breaking_the_partial_order_costs_a_match() -> None:
    """Here c comes before a."""
    assert pairs("cba", path("a", "b", "c", order=((0, 2),))) == 2


def test_an_order_holds_through_a_call_that_was_left_out() -> None:
    """A before b before c; without b, a still has to come before c."""
    assert pairs("ca", path("a", "b", "c", order=((0, 1), (1, 2)))) == 1


def test_a_pair_needs_the_identity_that_the_task_names() -> None:
    """The right tool on the wrong thing is no match."""
    expected = ExpectedPath(required=(ExpectedCall(tool="a", args={"id": {"equals": 7}}),))
    assert not match([call("a", id=8)], expected, TOOLS).pairs
    assert match([call("a", id=7)], expected, TOOLS).pairs


def test_among_equal_counts_the_best_arguments_win() -> None:
    """The second call fits its arguments, so it is the one that is matched."""
    expected = ExpectedPath(required=(ExpectedCall(tool="a", args={"text": {"equals": "x"}}),))
    assert match([call("a", text="y"), call("a", text="x")], expected, TOOLS).pairs == ((1, 0),)


@given(actual=st.text("abc", max_size=6), expected=st.text("abc", max_size=5))
def test_without_an_order_the_matching_is_the_overlap_of_multisets(actual: str, expected: str) -> None:
    """Which is what maximum bipartite matching comes to when only names count."""
    assert pairs(actual, path(*expected)) == (Counter(actual) & Counter(expected)).total()


edges = st.sets(st.tuples(st.integers(0, 3), st.integers(0, 3)).filter(lambda edge: edge[0] < edge[1]))


@given(actual=st.text("ab", max_size=5), expected=st.text("ab", min_size=4, max_size=4), order=edges)
def test_with_an_order_no_other_matching_is_larger(actual: str, expected: str, order: set[tuple[int, int]]) -> None:
    """Trying all matchings is the oracle."""
    assert pairs(actual, path(*expected, order=tuple(order))) == largest(actual, expected, order)


def largest(actual: str, expected: str, order: set[tuple[int, int]]) -> int:
    """Find the largest consistent matching by trying all."""
    closed = set(order)
    for _ in expected:
        closed |= {(one, four) for one, two in closed for three, four in closed if two == three}
    for size in range(min(len(actual), len(expected)), 0, -1):
        for goldens in combinations(range(len(expected)), size):
            for calls in permutations(range(len(actual)), size):
                place = dict(zip(goldens, calls, strict=True))
                fits = all(actual[where] == expected[golden] for golden, where in place.items())
                if fits and all(place[a] < place[b] for a, b in closed if a in place and b in place):
                    return size
    return 0


@pytest.mark.parametrize(
    ("arguments", "score"),
    [({"x": 1, "y": 2}, 1.0), ({"x": 1, "y": 3}, 0.5), ({"x": 1}, 0.5), ({}, 0.0), ({"x": 1, "y": 2, "z": 9}, 1.0)],
)
def test_the_argument_score_is_the_share_of_expected_arguments(arguments: dict[str, Any], score: float) -> None:
    """Arguments that the task does not name do not count."""
    expected = ExpectedCall.model_validate({"tool": "a", "args": {"x": 1, "y": 2}})
    assert argument_score(arguments, expected) == score


def test_generated_ids_are_ignored_when_so_declared() -> None:
    """``anything`` accepts whatever was made up."""
    expected = ExpectedCall.model_validate({"tool": "a", "args": {"id": {"anything": True}, "x": 1}})
    assert argument_score({"id": "uuid-4711", "x": 1}, expected) == 1.0


def test_a_table_as_an_argument_is_compared_leaf_by_leaf() -> None:
    """Half of its leaves agree."""
    expected = ExpectedCall.model_validate({"tool": "a", "args": {"box": {"equals": {"x": 1, "y": {"z": 2}}}}})
    assert argument_score({"box": {"x": 1, "y": {"z": 3}}}, expected) == 0.5


def test_the_first_difference_is_said_in_words() -> None:
    """Tool, argument, what was expected and what came."""
    expected = ExpectedCall.model_validate({"tool": "pay", "args": {"to": "A", "usd": {"close_to": 5.0}}})
    assert first_difference({"to": "A", "usd": 6.0}, expected) == "pay.usd: expected close to 5.0, got 6.0"
    assert first_difference({"to": "A", "usd": 5.0}, expected) is None
