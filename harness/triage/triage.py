"""Triage of two sides, or of one with failing trials: everything found, as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from harness.analysis import Results, Trial
from harness.campaign import TrialSpec, find_trial
from harness.deciding import Pair, Side, pair_up
from harness.errors import HarnessError
from harness.triage.alignment import Row
from harness.triage.attribution import Attribution, attribute
from harness.triage.causality import Causality, causality
from harness.triage.clusters import ALGORITHM, Cluster, Failing, clusters_of
from harness.triage.comparisons import Comparison, compared_pairs, compared_twins, spec_of
from harness.triage.divergence import Divergence
from harness.triage.enrichment import Enriched, enrichment
from harness.triage.replays import Replayed, Replays
from harness.triage.reproduction import Commands, Reproduction, commands, smallest
from harness.triage.transitions import (
    TRANSITIONS,
    FlakyCell,
    Transition,
    flaky_cells,
    is_failing,
    is_invalid,
    transition,
)
from harness.triage.wording import told

SCHEMA = 1
ROWS_BEFORE, ROWS_AFTER = 3, 9


class Line(msgspec.Struct, frozen=True):
    """One line of the two trials side by side, in words; empty where a side has nothing there."""

    step: int
    same: bool
    baseline: str
    candidate: str


class Explained(msgspec.Struct, frozen=True):
    """A cluster, and what its example tells; None for what is not known, and ``notes`` say why."""

    cluster: Cluster
    commands: Commands
    divergence: Divergence | None = None
    words: str = ""
    lines: tuple[Line, ...] = ()
    attribution: Attribution | None = None
    reproduction: Reproduction | None = None
    causality: Causality | None = None
    notes: tuple[str, ...] = ()


class Depth(msgspec.Struct, frozen=True):
    """How much is looked into: so many clusters, each with so many branches from each step; 0 branches for none."""

    clusters: int = 10
    branches: int = 8


DEPTH = Depth()
_SAME_HISTORY = (
    "its history is that of the baseline to the byte: what has changed is what is expected, or how it is judged"
)
_NO_TWIN = "it has no twin without faults to be held against"


class Triage(msgspec.Struct, frozen=True):
    """What triage found.

    ``baseline`` is None where failing trials were compared with their twins without faults. ``transitions`` counts
    pairs; ``unexplained`` are the clusters that were not looked into.
    """

    baseline: str | None
    candidate: str
    brains: tuple[str, ...]
    trials: int
    transitions: Mapping[str, int]
    flaky: tuple[FlakyCell, ...]
    clusters: tuple[Explained, ...]
    unexplained: tuple[Cluster, ...]
    enriched: tuple[Enriched, ...]
    replays: int
    schema: int = SCHEMA
    algorithm: str = ALGORITHM


class _Cases(NamedTuple):
    """The failing trials and what they are looked at with.

    ``opportunities`` trials could have failed anew; ``alone`` says why a trial has nothing beside it.
    """

    results: Results
    failing: list[Trial]
    passing: list[Trial]
    comparisons: Mapping[str, Comparison]
    opportunities: int
    alone: str


def triage(baseline: Side, candidate: Side, *, depth: Depth = DEPTH, replays: Replays | None = None) -> Triage:
    """Compare two sides; without ``replays`` nothing is played, and less is known."""
    pairing = pair_up(baseline, candidate)
    comparisons = compared_pairs(baseline, candidate, pairing)
    became = {pair.candidate.trial_id: _became(pair, comparisons) for pair in pairing.pairs}
    trials: dict[str, list[Trial]] = {name: [] for name in TRANSITIONS}
    for pair in pairing.pairs:
        trials[became[pair.candidate.trial_id]].append(pair.candidate)
    passed = [*trials["unchanged"], *trials["path_changed"]]
    failing = trials["newly_failing"]
    counts = {name: len(members) for name, members in trials.items()}
    counts |= {"new": len(pairing.only_candidate), "removed": len(pairing.only_baseline)}
    passing = [*passed, *trials["fixed"]]
    cases = _Cases(candidate.results, failing, passing, comparisons, len(failing) + len(passed), _SAME_HISTORY)
    clusters, unexplained = _explained(cases, depth, replays)
    return Triage(
        baseline=str(baseline),
        candidate=str(candidate),
        brains=_brains(baseline.trials.values(), candidate.trials.values()),
        trials=len(pairing.pairs),
        transitions=counts,
        flaky=flaky_cells(pairing),
        clusters=clusters,
        unexplained=unexplained,
        enriched=enrichment(cases.results, cases.failing, cases.passing),
        replays=replays.count if replays else 0,
    )


def triage_one(side: Side, *, depth: Depth = DEPTH, replays: Replays | None = None) -> Triage:
    """Look at the failing trials of one side, each beside its twin without faults."""
    trials = [trial for trial in side.trials.values() if not is_invalid(trial)]
    failing = [trial for trial in trials if is_failing(trial)]
    passing = [trial for trial in trials if not is_failing(trial)]
    comparisons = compared_twins(side.results, failing, replays)
    cases = _Cases(side.results, failing, passing, comparisons, len(trials), _NO_TWIN)
    clusters, unexplained = _explained(cases, depth, replays)
    return Triage(
        baseline=None,
        candidate=str(side),
        brains=_brains(trials),
        trials=len(trials),
        transitions={"failing": len(failing), "passing": len(passing), "invalid": len(side.trials) - len(trials)},
        flaky=(),
        clusters=clusters,
        unexplained=unexplained,
        enriched=enrichment(side.results, failing, passing),
        replays=replays.count if replays else 0,
    )


def _became(pair: Pair, comparisons: Mapping[str, Comparison]) -> Transition:
    if is_failing(pair.baseline) or is_failing(pair.candidate):
        return transition(pair, same_path=False)
    comparison = comparisons.get(pair.candidate.trial_id)
    return transition(pair, same_path=comparison is None or comparison.parted.fork is None)


def _brains(*arms: Iterable[Trial]) -> tuple[str, ...]:
    return tuple(sorted({trial.brain for trials in arms for trial in trials}))


def _explained(
    cases: _Cases, depth: Depth, replays: Replays | None
) -> tuple[tuple[Explained, ...], tuple[Cluster, ...]]:
    forks = {
        trial.trial_id: comparison.parted.fork
        for trial in cases.failing
        if (comparison := cases.comparisons.get(trial.trial_id)) is not None
    }
    failing = [Failing(trial, forks.get(trial.trial_id)) for trial in cases.failing]
    clusters = clusters_of(cases.results, failing, cases.opportunities)
    looked_into = [_explain(cases, cluster, depth.branches, replays) for cluster in clusters[: depth.clusters]]
    return tuple(looked_into), clusters[depth.clusters :]


def _explain(cases: _Cases, cluster: Cluster, branches: int, replays: Replays | None) -> Explained:
    said = commands(cases.results.folder, cluster.example)
    comparison = cases.comparisons.get(cluster.example)
    fork = comparison.parted.fork if comparison else None
    notes = [] if comparison else [cases.alone]
    found = Explained(
        cluster,
        said,
        divergence=fork,
        words=fork.words if fork else "",
        lines=_lines(comparison.parted.rows, fork.row) if comparison and fork else (),
    )
    trial = cases.results.by_id[cluster.example]
    failed = _played_again(cases, trial, replays, notes) if replays else None
    if comparison:
        made = attribute(comparison.baseline, comparison.spec, _signature(trial), fork, replays if failed else None)
        found = msgspec.structs.replace(found, attribution=made)
    if replays and failed:
        spec = spec_of(trial)
        found = msgspec.structs.replace(
            found,
            reproduction=_smallest(spec, replays, notes),
            causality=causality(spec, failed, branches, replays) if branches else None,
        )
    return msgspec.structs.replace(found, notes=tuple(notes))


def _played_again(cases: _Cases, trial: Trial, replays: Replays, notes: list[str]) -> Replayed | None:
    """Return how a failing trial goes today; None, with a note, where it does not fail as it did."""
    try:
        played = replays(find_trial(cases.results.folder, trial.trial_id))
    except HarnessError as error:
        notes.append(f"it can not be played today: {error}")
        return None
    if played.state == "bad" and played.signature == _signature(trial):
        return played
    notes.append(f"played today, it does not fail in that way: {'; '.join(played.signature)}")
    return None


def _signature(trial: Trial) -> tuple[str, ...]:
    return tuple(trial.signature.split(" | "))


def _smallest(spec: TrialSpec, replays: Replays, notes: list[str]) -> Reproduction | None:
    try:
        return smallest(spec, replays)
    except HarnessError as error:
        notes.append(f"no smaller plan was looked for: {error}")
        return None


def _lines(rows: Sequence[Row], fork: int) -> tuple[Line, ...]:
    """Show two trials side by side, around their fork."""
    first = max(0, fork - ROWS_BEFORE)
    shown = enumerate(rows[first : fork + ROWS_AFTER], first)
    return tuple(_line(row, same=row.alike and at != fork) for at, row in shown)


def _line(row: Row, *, same: bool) -> Line:
    one, other = row.baseline, row.candidate
    number = next(step.number for step in (other, one) if step)
    words = [
        "" if step is None else told(step, None if same else beside) for step, beside in ((one, other), (other, one))
    ]
    return Line(number, same, *words)
