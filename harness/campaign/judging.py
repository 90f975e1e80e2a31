"""Trials judged beside their fault-free twins."""

from __future__ import annotations

from collections.abc import Sequence

from harness.campaign.specs import Family, TrialSpec
from harness.scoring import Record, Scorecard, Twin, as_twin, score

Twins = dict[Family, Twin]


def judge(trials: Sequence[tuple[TrialSpec, Record]], twins: Twins) -> list[Scorecard]:
    """Score some trials, each beside its twin: one of ``trials``, or one that ``twins`` knows already.

    The fault-free ones among them are added to ``twins``; of several in a family the first counts.
    """
    cards: dict[int, Scorecard] = {}
    clean_first = sorted(enumerate(trials), key=lambda one: bool(one[1][0].plan.faults))
    for number, (spec, record) in clean_first:
        card = cards[number] = score(record, spec.expect, twin=twins.get(spec.family))
        if not spec.plan.faults and spec.family not in twins:
            twins[spec.family] = as_twin(record, card)
    return [cards[number] for number in range(len(trials))]
