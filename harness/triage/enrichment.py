"""What failing trials have in common more often than passing ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from harness.analysis import Results, Trial
from harness.statistics import benjamini_hochberg, p_enriched

Q = 0.10
FAILING_MIN = 2
Fact = tuple[str, str]


class Enriched(msgspec.Struct, frozen=True):
    """A fact that holds for ``failing`` of the failing trials and ``passing`` of the passing ones.

    ``p`` is that of Fisher's exact test, one-sided; ``q`` is ``p`` adjusted for all facts that were looked at, by
    Benjamini and Hochberg.
    """

    what: str
    name: str
    failing: int
    failing_of: int
    passing: int
    passing_of: int
    p: float
    q: float


def enrichment(results: Results, failing: Sequence[Trial], passing: Sequence[Trial]) -> tuple[Enriched, ...]:
    """Return the facts that are over-represented in failing trials at a false discovery rate of Q, the surest first."""
    facts = _facts(results, [*failing, *passing])
    bad, good = (_counted(facts, trials) for trials in (failing, passing))
    # A fact of all trials tells nothing, and would only make the others look less sure.
    told = [one for one in bad if bad[one] >= FAILING_MIN and bad[one] + good[one] < len(failing) + len(passing)]
    p_values = [p_enriched(bad[one], len(failing), good[one], len(passing)) for one in told]
    found = [
        Enriched(*fact, bad[fact], len(failing), good[fact], len(passing), p, q)
        for fact, p, q in zip(told, p_values, benjamini_hochberg(p_values), strict=True)
        if q <= Q
    ]
    return tuple(sorted(found, key=lambda one: (one.p, one.what, one.name)))


def _facts(results: Results, trials: Iterable[Trial]) -> Mapping[str, set[Fact]]:
    facts = {trial.trial_id: set(_of_trial(trial)) for trial in trials}
    for fault in results.faults:
        if fault.fired and fault.trial_id in facts:
            facts[fault.trial_id] |= {("fault kind", fault.kind), ("fault family", fault.family)}
    for trial_id, events in results.events(facts, ["tool_call_started"]).items():
        facts[trial_id] |= {("tool", str(event.name)) for event in events}
    return facts


def _of_trial(trial: Trial) -> Iterator[Fact]:
    yield "task", trial.task_id
    yield "fault plan", trial.fault_plan_id
    yield "task family", trial.family


def _counted(facts: Mapping[str, set[Fact]], trials: Iterable[Trial]) -> Counter[Fact]:
    return Counter(fact for trial in trials for fact in sorted(facts[trial.trial_id]))
