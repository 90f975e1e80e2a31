"""What scoring says of one trial."""

from __future__ import annotations

from typing import Literal

import msgspec

from harness.content import Verdict
from harness.scoring.violations import Violation

Outcome = Literal["passed", "failed", "harness_error"]
Coverage = Literal["none", "partial", "all"]


class Score(msgspec.Struct, frozen=True):
    """One number; ``basis`` says what it rests on, or why it is None."""

    metric: str
    value: float | None
    basis: str


class Scorecard(msgspec.Struct, frozen=True):
    """Everything that scoring says of one trial.

    It passed when its task succeeded, nothing was violated, and every run ended ``completed``.
    ``fault_coverage`` is None for a plan without faults. A trial whose coverage is ``none`` is *not triggered*: it has
    shown nothing about its faults, whatever its outcome; a violation in it counts all the same.
    ``unmet`` is what the scenario expected in vain, in words, and None where it expects nothing; ``signature`` says how
    the trial ended without a number in it.
    """

    outcome: Outcome
    fault_coverage: Coverage | None
    verdict: Verdict
    terminal_state: str
    scores: dict[str, Score]
    violations: tuple[Violation, ...]
    reasons: tuple[str, ...]
    unmet: tuple[str, ...] | None = None
    signature: tuple[str, ...] = ()

    @property
    def as_expected(self) -> bool | None:
        """Whether the scenario holds in this trial; None where it expects nothing."""
        return None if self.unmet is None else not self.unmet

    def value(self, metric: str) -> float | None:
        """Return the value of one metric."""
        return self.scores[metric].value
