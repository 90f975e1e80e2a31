"""How many trials it takes until a defect shows: by exploration, and by random injection."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from msgspec.structs import replace

from benchmarks.defects import Defect
from benchmarks.exploring.injecting import Injection
from benchmarks.exploring.subjects import Judge, Subject, changed, hand_written, subject_of
from harness.campaign import TrialSpec
from harness.content import all_fault_kinds
from harness.exploration import Played, explore
from harness.exploration.candidates import Candidate, plan_of
from harness.exploration.case import Tried
from harness.exploration.findings import in_words
from harness.exploration.minimise import minimise

RATES = (0.1, 0.3)
# Random injection is repeated with other seeds.
SERIES = 3
# How many times its budget exploration gets for a defect that it misses, to tell what is late from what is never found.
LONGER = 20
PAIRS = 2


class Found(msgspec.Struct, frozen=True):
    """The first trial that shows a defect: which one it is, and its faults in words; none where none are needed.

    ``drawn`` is how many faults there were in it when it is a swarm, of which the smallest part that shows the defect
    is told; 0 when it is not.
    """

    trials: int
    faults: tuple[str, ...]
    drawn: int = 0


class Injected(msgspec.Struct, frozen=True):
    """The first trial of each series of random injection that shows a defect; None: not within the budget."""

    rate: float
    series: tuple[int | None, ...]

    @property
    def median(self) -> int | None:
        """The median of the series, where a series that shows nothing is longer than any other."""
        inside = sorted(one for one in self.series if one is not None)
        return inside[len(self.series) // 2] if len(inside) > len(self.series) // 2 else None


class Finding(msgspec.Struct, frozen=True):
    """What came of one defect; ``written`` is the hand-written fault plan that shows it, if one does.

    ``later`` is what exploration finds only with a larger budget than the others have.
    """

    defect: str
    scenario: str
    explored: Found | None
    written: str | None = None
    injected: tuple[Injected, ...] = ()
    later: Found | None = None

    @property
    def needs_no_fault(self) -> bool:
        """Whether the defect shows in a trial without faults."""
        return self.explored is not None and not self.explored.faults

    @property
    def is_revealed(self) -> bool:
        """Whether it needs faults to show, and some faulty trial shows it, whoever came upon that."""
        shown = self.written or self.explored or any(any(one.series) for one in self.injected)
        return bool(shown) and not self.needs_no_fault


def find(defects: Sequence[Defect], budget: int) -> list[Finding]:
    """Explore defects of one scenario, and inject at random, each time with at most ``budget`` trials."""
    judge = Judge(all_fault_kinds())
    return [_finding(subject_of(defect), judge, budget) for defect in defects]


def _finding(subject: Subject, judge: Judge, budget: int) -> Finding:
    one = Finding(subject.defect.name, subject.defect.scenario, explored(subject, judge, budget))
    if one.needs_no_fault:
        return one
    one = replace(one, written=_written(subject, judge))
    if not one.is_revealed:
        one = replace(one, injected=_injected(subject, judge, budget, 1))
    if not one.is_revealed:
        return one
    later = None if one.explored else explored(subject, judge, budget * LONGER)
    return replace(one, injected=_injected(subject, judge, budget, SERIES), later=later)


def _written(subject: Subject, judge: Judge) -> str | None:
    """Return the first hand-written fault plan that shows a defect."""
    faulty = (spec for spec in hand_written(subject) if spec.plan.faults)
    return next((spec.plan.id for spec in faulty if judge.shows(subject, spec, judge.play(spec))), None)


def explored(subject: Subject, judge: Judge, budget: int) -> Found | None:
    """Explore until the defect shows: without faults, with single ones and swarms, with pairs."""
    for number, base in enumerate(subject.bases, 1):
        if judge.shows(subject, base, judge.play(base)):
            return Found(number, ())
    found: list[Tried] = []

    def is_found(tried: Tried) -> bool:
        if judge.shows(subject, tried.spec, tried.played):
            found.append(tried)
        return bool(found)

    def one_by_one(specs: Sequence[TrialSpec]) -> Iterator[Played]:
        return map(judge.play, specs)

    whole = explore(subject.bases, one_by_one, judge.kinds, depth=PAIRS, budget=budget, stop=is_found)
    trials = len(whole.cases) + len(whole.tried)
    return _found(trials, found[0], subject, judge) if found else None


def _found(trials: int, tried: Tried, subject: Subject, judge: Judge) -> Found:
    if not tried.attempt.is_swarm:
        return Found(trials, tuple(map(in_words, tried.candidates)))

    def show(some: tuple[Candidate, ...]) -> bool:
        spec = changed(tried.spec, plan=plan_of(*some))
        return judge.shows(subject, spec, judge.play(spec))

    return Found(trials, tuple(map(in_words, minimise(tried.candidates, show))), len(tried.candidates))


def _injected(subject: Subject, judge: Judge, budget: int, series: int) -> tuple[Injected, ...]:
    return tuple(
        Injected(rate, tuple(injected(subject, judge, budget, rate, number) for number in range(series)))
        for rate in RATES
    )


def injected(subject: Subject, judge: Judge, budget: int, rate: float, series: int) -> int | None:
    """Return the number of the first trial in which random injection shows the defect; the tasks take turns."""
    injections = [Injection(base, judge.play(base).sites[-1].time_s, rate, judge.kinds) for base in subject.bases]
    for number in range(budget):
        turn, task = divmod(number, len(injections))
        spec = injections[task].trial(turn, series)
        if judge.shows(subject, spec, judge.play(spec)):
            return number + 1
    return None
