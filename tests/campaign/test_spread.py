"""Work in chunks."""

from __future__ import annotations

import gc

from harness.campaign import workers


def _frozen(_chunk: int) -> int:
    return gc.get_freeze_count()


def test_the_garbage_collector_passes_over_what_was_there_before_a_chunk_and_only_meanwhile() -> None:
    before = gc.get_freeze_count()
    with workers(1) as spread:
        [(_, during)] = spread(_frozen, [0])
    assert during > before
    assert gc.get_freeze_count() == 0
