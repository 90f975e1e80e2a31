"""Linearizability: whether what concurrent calls saw can be explained by doing them one after the other.

A history is linearizable when there is an order of its calls in which each could have been answered as it was, and in
which no call comes before one that had been answered before it began (Herlihy & Wing, "Linearizability: A Correctness
Condition for Concurrent Objects", ACM TOPLAS 12(3), 1990). The search is that of Wing & Gong, "Testing and Verifying
Concurrent Objects", J. Parallel Distrib. Comput. 17 (1993): what may come first is tried first, depth first; only calls
that overlap are ever exchanged. A state that was reached before by the same calls is not searched again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Sequence

import msgspec

TRIES_MAX = 5_000

Order = tuple[int, ...]
# Carries out operations in an order, at first none: the state that it leads to, None when the last one did not go as it
# was seen to, or when all of them do not end as they were seen to.
After = Callable[[Order], Hashable | None]


class Span(msgspec.Struct, frozen=True):
    """From when to when an operation was under way, in any unit; one whose end nobody saw may take effect at any time.

    ``began`` and ``ended`` of different operations are never equal.
    """

    began: float
    ended: float = math.inf


class Search(msgspec.Struct, frozen=True):
    """What a search has found: an order of all operations, or none.

    ``longest`` is as far as any order came. An ``exhausted`` search was stopped at its limit, and says nothing.
    """

    order: Order | None
    longest: Order
    exhausted: bool = False


def linear_order(spans: Sequence[Span], after: After, tries_max: int = TRIES_MAX) -> Search:
    """Look for an order of operations that respects real time and in which each goes as it was seen to.

    Of several that may come next, the one that stands first in ``spans`` is tried first.
    """
    reached: set[tuple[frozenset[int], Hashable]] = set()
    longest: Order = ()
    open_orders: list[Order] = [()]
    tries = 0
    while open_orders and tries < tries_max:
        tries += 1
        order = open_orders.pop()
        state = after(order)
        if state is None or (frozenset(order), state) in reached:
            continue
        if len(order) == len(spans):
            return Search(order, order)
        reached.add((frozenset(order), state))
        longest = max(longest, order, key=len)
        open_orders += [(*order, number) for number in reversed(list(next_ones(spans, order)))]
    return Search(None, longest, exhausted=bool(open_orders))


def next_ones(spans: Sequence[Span], order: Order) -> Iterator[int]:
    """Yield the operations that may come next: none of those that are left had ended before they began."""
    done = frozenset(order)
    left = [number for number in range(len(spans)) if number not in done]
    first_end = min((spans[number].ended for number in left), default=math.inf)
    yield from (number for number in left if spans[number].began < first_end)
