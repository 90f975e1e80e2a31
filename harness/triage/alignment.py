"""Two sequences of steps laid side by side, so that as many as possible stand beside their equals."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import msgspec

from harness.triage.steps import Step

# Behind the fork, what is shown is a page and not a history: a run that loops has thousands of steps.
ALIGNED_MAX = 300


class Row(msgspec.Struct, frozen=True):
    """One line of an alignment; None where a side has nothing to set beside the other."""

    baseline: Step | None
    candidate: Step | None

    @property
    def same(self) -> bool:
        """Whether both sides do the same here."""
        return self.baseline is not None and self.candidate is not None and self.baseline.key == self.candidate.key

    @property
    def alike(self) -> bool:
        """Whether they do the same apart from the intent or the key: behind a fork, these count otherwise."""
        return (
            self.baseline is not None and self.candidate is not None and _bare(self.baseline) == _bare(self.candidate)
        )


def _bare(step: Step) -> Hashable:
    return step.key[:-1]


def align(baseline: Sequence[Step], candidate: Sequence[Step]) -> tuple[Row, ...]:
    """Align two sequences; what they begin with in common stays together, beyond ALIGNED_MAX steps nothing is tried."""
    shared = common_prefix([one.key for one in baseline], [one.key for one in candidate])
    ahead = ([_bare(one) for one in side[shared:][:ALIGNED_MAX]] for side in (baseline, candidate))
    rest = longest_common(*ahead)
    rows = [Row(baseline[at], candidate[at]) for at in range(shared)]
    here, there = shared, shared
    for one, other in [*((shared + one, shared + other) for one, other in rest), (len(baseline), len(candidate))]:
        rows += _between(baseline[here:one], candidate[there:other])
        if one < len(baseline):
            rows.append(Row(baseline[one], candidate[other]))
        here, there = one + 1, other + 1
    return tuple(rows)


def _between(baseline: Sequence[Step], candidate: Sequence[Step]) -> list[Row]:
    """Set steps beside each other that differ, as long as both sides have some."""
    length = max(len(baseline), len(candidate))
    sides = [[*some, *[None] * (length - len(some))] for some in (baseline, candidate)]
    return [Row(one, other) for one, other in zip(*sides, strict=True)]


def common_prefix(baseline: Sequence[Hashable], candidate: Sequence[Hashable]) -> int:
    """Return how many items both begin with."""
    pairs = zip(baseline, candidate, strict=False)
    length = min(len(baseline), len(candidate))
    return next((at for at, (one, other) in enumerate(pairs) if one != other), length)


def longest_common(baseline: Sequence[Hashable], candidate: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Return the places of a longest common subsequence, in time and room of the product of the lengths.

    The dynamic programme of S. B. Needleman and C. D. Wunsch (1970), with a score of 1 for equal items and 0 for all
    else.
    """
    lengths = [[0] * (len(candidate) + 1) for _ in range(len(baseline) + 1)]
    for one in range(len(baseline) - 1, -1, -1):
        for other in range(len(candidate) - 1, -1, -1):
            if baseline[one] == candidate[other]:
                lengths[one][other] = lengths[one + 1][other + 1] + 1
            else:
                lengths[one][other] = max(lengths[one + 1][other], lengths[one][other + 1])
    return list(_walk(baseline, candidate, lengths))


def _walk(
    baseline: Sequence[Hashable], candidate: Sequence[Hashable], lengths: Sequence[Sequence[int]]
) -> list[tuple[int, int]]:
    places, one, other = [], 0, 0
    while one < len(baseline) and other < len(candidate):
        if baseline[one] == candidate[other]:
            places.append((one, other))
            one, other = one + 1, other + 1
        elif lengths[one + 1][other] >= lengths[one][other + 1]:
            one += 1
        else:
            other += 1
    return places
