"""The verdict: one object from which every output is made, so that no two of them can disagree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

Answer = Literal["PASS", "IDENTICAL", "FAIL", "INCONCLUSIVE", "INVALID"]
Ruling = Literal["pass", "pass_worse", "fail", "inconclusive", "insufficient"]
MetricKind = Literal["rate", "mean", "ratio"]
Better = Literal["higher", "lower"]

EXIT_CODES: Mapping[Answer, int] = {"PASS": 0, "IDENTICAL": 0, "FAIL": 1, "INVALID": 3, "INCONCLUSIVE": 4}


class Provenance(msgspec.Struct, frozen=True):
    """What one side is: where its results lie, the agent, the brains behind it, and digests of what it was run on."""

    source: str
    agent: str
    brains: tuple[str, ...]
    trials: int
    digests: Mapping[str, str]


class Counterexample(msgspec.Struct, frozen=True):
    """One trial that breaks an invariant: the rule, what happened, and the command that plays it again.

    ``trials`` counts how many trials break the same rule in the same way; this one is the shortest.
    """

    rule: str
    task: str
    cluster: str
    fault_plan_id: str
    trial_id: str
    trials: int
    message: str
    replay: str


class GoldenChange(msgspec.Struct, frozen=True):
    """A trial whose path is no longer the approved one: ``changed``, ``unused`` or ``new``, and how in words."""

    change: Literal["changed", "unused", "new"]
    task: str
    cluster: str
    fault_plan_id: str
    trial: int
    message: str
    replay: str | None


class HardBreak(msgspec.Struct, frozen=True):
    """A task that passed every time under a plan and does not any more; counts are (passed, trials).

    It is shown whatever the statistics say; where the gate file says so, it is ``gated`` and fails.
    """

    task: str
    cluster: str
    fault_plan_id: str
    before: tuple[int, int]
    after: tuple[int, int]
    trial_id: str
    replay: str
    gated: bool = False


class MetricVerdict(msgspec.Struct, frozen=True):
    """One metric of both sides, over the clusters that have it.

    ``difference`` is candidate - baseline for rates and means, candidate / baseline for ratios; ``low`` and ``high``
    bound it (see ``level``); ``margin`` is in the same unit. ``p_worse`` is the one-sided p-value of "the candidate is
    worse" (paired t), ``p_adjusted`` that after Holm over the gated metrics; beside it stand the sign-flip test over
    clusters and, for rates, the exact McNemar test over pairs of trials. ``detectable`` is the smallest loss that this
    suite would have shown with 80 % power. ``more_trials`` is how many more trials for each task and plan would decide.
    """

    name: str
    kind: MetricKind
    better: Better
    margin: float | None
    gated: bool
    pairs: int
    clusters: int
    ruling: Ruling
    reason: str
    baseline: float | None = None
    candidate: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    level: float | None = None
    p_worse: float | None = None
    p_adjusted: float | None = None
    p_sign_flip: float | None = None
    p_mcnemar: float | None = None
    detectable: float | None = None
    floor: float | None = None
    candidate_low: float | None = None
    more_trials: int | None = None
    both_succeeded: float | None = None
    worse: tuple[str, ...] = ()
    better_tasks: tuple[str, ...] = ()


class Slice(msgspec.Struct, frozen=True):
    """One metric in a part of the trials; ``p_adjusted`` is after Benjamini-Hochberg over all slices."""

    axis: str
    value: str
    metric: str
    pairs: int
    clusters: int
    difference: float
    p_worse: float
    p_adjusted: float
    flagged: bool


class Quarantined(msgspec.Struct, frozen=True):
    """A task that is run and shown, and that no statistics count."""

    task: str
    owner: str
    expires: str
    reason: str
    expired: bool
    passed: int
    trials: int


class Power(msgspec.Struct, frozen=True):
    """What the suite can tell: with so many trials for each task and plan, the power to pass an equal candidate."""

    metric: str
    trials: int
    clusters: int
    power: float
    detectable: float


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """May the candidate ship, and why.

    ``reason`` is one sentence. ``invalid`` says why nothing can be said, ``expectation_changed`` what of the suite,
    the policies or the gate file differs from the baseline's side. ``bound`` is the largest loss of success that equal
    trials leave possible. ``anchored`` are the metrics against the pinned release. ``looks`` are the trials for each
    task and plan at which the gate looked.
    """

    answer: Answer
    reason: str
    baseline: Provenance | None
    candidate: Provenance | None
    pairs: int = 0
    clusters: int = 0
    brains: tuple[str, ...] = ()
    invalid: tuple[str, ...] = ()
    expectation_changed: tuple[str, ...] = ()
    counterexamples: tuple[Counterexample, ...] = ()
    violation_bound: float | None = None
    golden_changes: tuple[GoldenChange, ...] = ()
    hard_breaks: tuple[HardBreak, ...] = ()
    metrics: tuple[MetricVerdict, ...] = ()
    anchored: tuple[MetricVerdict, ...] = ()
    slices: tuple[Slice, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    bound: float | None = None
    looks: tuple[int, ...] = ()
    power: tuple[Power, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """The exit code of every command that ends with this verdict."""
        return EXIT_CODES[self.answer]
