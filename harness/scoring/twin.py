"""The fault-free twin of a trial: the same scenario, task, agent and seed, with nothing going wrong."""

from __future__ import annotations

import msgspec

from harness.scoring.calls import thing_text
from harness.scoring.record import Record
from harness.scoring.scorecard import Scorecard


class Twin(msgspec.Struct, frozen=True):
    """What is left of a fault-free trial for comparing with: its scorecard, and what it did to the world."""

    card: Scorecard
    effects: frozenset[bytes]


def as_twin(record: Record, card: Scorecard) -> Twin:
    """Keep of a fault-free trial what its faulted ones are compared with; ``card`` is its scorecard."""
    return Twin(card, effects_of(record))


def effects_of(record: Record) -> frozenset[bytes]:
    """Return what was done to the world, each tool with its arguments as one text."""
    return frozenset(thing_text([one.name, one.payload["arguments"]]) for one in record.of("effect_committed"))
