"""Failing trials put together that fail in the same way and part from their baseline by the same kind of step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from harness.analysis import Breach, Results, Trial
from harness.history import digest
from harness.statistics import Interval, wilson
from harness.triage.divergence import Divergence

# Part of every id: whoever changes what is put together, changes this as well.
ALGORITHM = "1"
SEVERITIES: Mapping[str, int] = {"low": 1, "medium": 2, "high": 3, "critical": 4}
GOAL_MISSED = "medium"  # how grave it is that a task was not done, and nothing worse happened


class Failing(msgspec.Struct, frozen=True):
    """One failing trial with its fork; None where it has none, or nothing to part from."""

    trial: Trial
    fork: Divergence | None


class Cluster(msgspec.Struct, frozen=True):
    """Failures of one kind.

    ``failures`` of so many ``opportunities``, which are the trials that could have failed anew; ``example`` is the one
    with the shortest history.
    """

    id: str
    title: str
    severity: str
    signature: tuple[str, ...]
    divergence: str | None
    failures: int
    opportunities: int
    interval: Interval
    tasks: tuple[str, ...]
    fault_plans: tuple[str, ...]
    fault_kinds: tuple[str, ...]
    trial_ids: tuple[str, ...]
    example: str

    @property
    def weight(self) -> int:
        """Severity times count times breadth."""
        return SEVERITIES[self.severity] * self.failures * len(self.tasks)


def clusters_of(results: Results, failing: Iterable[Failing], opportunities: int) -> tuple[Cluster, ...]:
    """Put failing trials of one folder together, the heaviest cluster first."""
    groups: dict[tuple[tuple[str, ...], str | None], list[Failing]] = {}
    for one in failing:
        groups.setdefault((_facts(one.trial), one.fork.kind if one.fork else None), []).append(one)
    grave = _severities(results.breaches)
    found = [_cluster(results, kind, members, grave, opportunities) for (_, kind), members in groups.items()]
    return tuple(sorted(found, key=lambda cluster: (-cluster.weight, cluster.id)))


def _cluster(
    results: Results,
    kind: str | None,
    members: Sequence[Failing],
    grave: Mapping[str, str],
    opportunities: int,
) -> Cluster:
    trials = [one.trial for one in members]
    ids = tuple(trial.trial_id for trial in trials)
    severity = max((grave.get(one, GOAL_MISSED) for one in ids), key=SEVERITIES.__getitem__)
    signature = _facts(trials[0])
    kinds = {fault.kind for fault in results.faults if fault.fired and fault.trial_id in set(ids)}
    return Cluster(
        id=digest([ALGORITHM, *signature, kind])[:12],
        title=_title(trials[0], signature, kind),
        severity=severity,
        signature=signature,
        divergence=kind,
        failures=len(ids),
        opportunities=opportunities,
        interval=wilson(len(ids), opportunities),
        tasks=tuple(sorted({trial.task_id for trial in trials})),
        fault_plans=tuple(sorted({trial.fault_plan_id for trial in trials})),
        fault_kinds=tuple(sorted(kinds)),
        trial_ids=ids,
        example=results.example(ids),
    )


def _facts(trial: Trial) -> tuple[str, ...]:
    """Return the facts of a signature, without the verdict: that a fault has not fired is no other way to fail."""
    return tuple(fact for fact in trial.signature.split(" | ") if not fact.startswith("verdict "))


def _severities(breaches: Iterable[Breach]) -> Mapping[str, str]:
    """Return the gravest breach of each trial that was not blocked."""
    grave: dict[str, str] = {}
    for breach in breaches:
        if not breach.blocked:
            known = grave.get(breach.trial_id, breach.severity)
            grave[breach.trial_id] = max(known, breach.severity, key=SEVERITIES.__getitem__)
    return grave


def _title(trial: Trial, signature: Sequence[str], kind: str | None) -> str:
    """Name a cluster by the gravest fact of its signature, and by how its trials part from the baseline."""
    facts = [fact for fact in signature if fact.startswith(("violation ", "missed ", "unmet "))]
    first = min(facts, key=lambda fact: not fact.startswith("violation "), default=trial.verdict)
    more = f" and {len(facts) - 1} more" if len(facts) > 1 else ""
    return f"{first}{more}" + (f" ({kind.replace('_', ' ')})" if kind else "")
