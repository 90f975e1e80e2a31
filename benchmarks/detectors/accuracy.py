"""Precision and recall of detectors."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from benchmarks.detectors.cases import DETECTORS, Case


class Accuracy(msgspec.Struct, frozen=True):
    """How one detector did: of ``cases`` trials ``positive`` were so, ``found`` of them were said to be, and others."""

    cases: int
    positive: int
    found: int
    said: int

    @property
    def precision(self) -> float:
        """Found / said; 1 where it said nothing."""
        return self.found / self.said if self.said else 1.0

    @property
    def recall(self) -> float:
        """Found / positive; 1 where there was nothing to find."""
        return self.found / self.positive if self.positive else 1.0

    def __str__(self) -> str:
        """Write both shares with what they are shares of."""
        precision = f"precision {self.precision:.3f} ({self.found} of {self.said})"
        return f"{precision}, recall {self.recall:.3f} ({self.found} of {self.positive})"


def accuracies(played: Sequence[Case]) -> dict[str, Accuracy]:
    """Return the accuracy of each detector."""
    return {name: _accuracy(played, name) for name in DETECTORS}


def _accuracy(played: Sequence[Case], name: str) -> Accuracy:
    said = [one for one in played if one.verdicts[name]]
    return Accuracy(
        cases=len(played),
        positive=sum(one.labels[name] for one in played),
        found=sum(one.labels[name] for one in said),
        said=len(said),
    )
