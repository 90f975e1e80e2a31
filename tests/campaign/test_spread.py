"""Work in chunks."""

from __future__ import annotations

import gc
import weakref

from harness.campaign import workers


class Knot:
    """Something that only the garbage collector can free."""

    def __init__(self) -> None:
        self.me = self


KNOTS: list[weakref.ref[Knot]] = []


def _frozen(_chunk: int) -> int:
    KNOTS.append(weakref.ref(Knot()))
    return gc.get_freeze_count()


def test_the_garbage_collector_passes_over_what_was_there_before_a_chunk_and_only_meanwhile() -> None:
    before = gc.get_freeze_count()
    with workers(1) as spread:
        [(_, during)] = spread(_frozen, [0])
    assert during > before
    assert gc.get_freeze_count() == 0


def test_the_garbage_of_a_chunk_is_gone_with_it() -> None:
    KNOTS.clear()
    with workers(1) as spread:
        list(spread(_frozen, [0]))
    [knot] = KNOTS
    assert knot() is None
