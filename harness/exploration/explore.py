"""Systematic exploration: every applicable single fault, then pairs, less what the histories show can not matter.

Swarms of faults come in between: they are no system, and find early what needs many faults at once.

In the manner of Filibuster (Meiklejohn et al., "Service-Level Fault Injection Testing", SoCC 2021), which enumerates
the faults at the calls of a passing run, and at those that appear under faults; and of lineage-driven fault injection
(Alvaro, Rosen and Hellerstein, SIGMOD 2015), which leaves out what can not have had a part in the outcome.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TypeVar

from harness.campaign import TrialSpec
from harness.exploration.candidates import (
    Candidate,
    Kinds,
    at_site,
    of_the_simulation,
    of_the_world,
    outages_of,
    texts_in_reach,
)
from harness.exploration.case import Attempt, Case, Tried
from harness.exploration.pairs import pairs, revealed
from harness.exploration.played import Played
from harness.exploration.sites import Place, Site
from harness.exploration.swarms import swarm

SWARMS = 200
# Pairs bring so many times as many again.
MORE_SWARMS = 4
# So few that the plans of a batch fit into memory, and so many that hardly a process waits for the last of a batch.
TRIALS_AT_ONCE = 1000
T = TypeVar("T")

Trial = tuple[Attempt, TrialSpec]
PlayAll = Callable[[Sequence[TrialSpec]], Iterable[Played]]


@dataclass(frozen=True)
class Exploration:
    """Everything that was tried; for ``left_out`` plans the budget did not suffice, twice the same among them."""

    cases: tuple[Case, ...]
    left_out: int

    @property
    def tried(self) -> list[Tried]:
        """All plans, case by case."""
        return [one for case in self.cases for one in case.tried]


def never(_tried: Tried) -> bool:
    """Stop nowhere."""
    return False


def explore(
    bases: Sequence[TrialSpec],
    play: PlayAll,
    kinds: Kinds,
    *,
    depth: int = 1,
    budget: int | None = None,
    swarms: int = SWARMS,
    stop: Callable[[Tried], bool] = never,
) -> Exploration:
    """Try single faults on every base; with ``depth`` 1 also at calls that only appear under another, with 2 pairs.

    The order is fixed: all singles, and ``swarms`` for each base in between, before all pairs, and MORE_SWARMS times as
    many in between. ``budget`` is the most trials.
    ``stop`` ends it behind a trial; where ``play`` yields trials one by one, no more of them are played.
    """
    begun = bases[:budget]
    cases = tuple(Case(base, twin) for base, twin in zip(begun, play(begun), strict=True))
    left = math.inf if budget is None else budget - len(cases)
    left_out = len(bases) - len(cases)
    first, more = range(swarms), range(swarms, swarms * (1 + MORE_SWARMS))
    for level in (partial(_firsts, swarms=first), _revealed, partial(_pairs, swarms=more))[: depth + 1]:
        attempts = level(cases, kinds)
        news = _news(cases, attempts)
        batch = _batch(news, left)
        while batch:
            left -= len(batch)
            arriving = play([spec for _, spec in batch])
            following = _batch(news, left)  # drawn while other processes play
            for (one, _), played in zip(batch, arriving, strict=True):
                one.case.tried.append(Tried(one, played))
                if stop(one.case.tried[-1]):
                    return Exploration(cases, left_out)
            batch = following
        left_out += sum(1 for _ in attempts)  # not drawn, let alone played
    return Exploration(cases, left_out)


def _batch(news: Iterator[Trial], left: float) -> list[Trial]:
    return list(islice(news, int(min(TRIALS_AT_ONCE, left))))


def _news(cases: Sequence[Case], attempts: Iterable[Attempt]) -> Iterator[Trial]:
    """Yield each attempt that has faults, once, with its trial, unless that was tried before."""
    seen = {tried.played.trial_id for case in cases for tried in case.tried}
    for one in attempts:
        candidates = one.candidates
        spec = one.spec(candidates)
        if candidates and spec.trial_id not in seen:
            seen.add(spec.trial_id)
            yield one, spec


def _in_turns(attempts: Iterable[Attempt]) -> list[Attempt]:
    """Sort so that the kinds of faults take turns, and so do the tasks: first each once, then each for the second time.

    Ways of one kind are more alike than two kinds are, so whatever is wrong shows sooner, and a small budget sees all
    kinds.
    """
    return _spread(attempts, lambda one: (id(one.case), *(each.fault.kind for each in one.planned)))


def _spread(items: Iterable[T], alike: Callable[[T], Hashable]) -> list[T]:
    """Sort by how many that are alike came before."""
    before: Counter[Hashable] = Counter()

    def turn(one: T) -> int:
        before[alike(one)] += 1
        return before[alike(one)]

    return sorted(items, key=turn)


def _firsts(cases: Sequence[Case], kinds: Kinds, *, swarms: range) -> Iterator[Attempt]:
    """Yield single faults, and a swarm after each."""
    return _alternating(_in_turns(_singles(cases, kinds)), _swarms(cases, kinds, swarms))


def _revealed(cases: Sequence[Case], kinds: Kinds) -> Iterator[Attempt]:
    return iter(_in_turns(revealed(cases, kinds)))


def _pairs(cases: Sequence[Case], kinds: Kinds, *, swarms: range) -> Iterator[Attempt]:
    """Yield pairs, and a swarm after each."""
    return _alternating(_in_turns(pairs(cases, kinds)), _swarms(cases, kinds, swarms))


def _alternating(some: Iterable[T], others: Iterator[T]) -> Iterator[T]:
    """Yield one of each in turn; what is left of the longer of the two comes last."""
    for one in some:
        yield one
        yield from islice(others, 1)
    yield from others


def _swarms(cases: Sequence[Case], kinds: Kinds, numbers: range) -> Iterator[Attempt]:
    """Yield the swarms of each run that bear these numbers; the runs take turns."""
    for number in numbers:
        for case in cases:
            yield Attempt(case, draw=partial(swarm, case.base, case.lasts_s, kinds, number))


def _singles(cases: Sequence[Case], kinds: Kinds) -> Iterator[Attempt]:
    """Yield what applies to each run: the first variant of a kind at every call, then the second ones, and so on."""
    for case in cases:
        ways = _spread(_candidates(case, kinds), lambda one: (one.site, one.fault.kind, one.fault.when))
        yield from (Attempt(case, (one,)) for one in ways)


def _candidates(case: Case, kinds: Kinds) -> Iterator[Candidate]:
    """Yield every single fault: first what hurts calls that change something, since that is where harm is done."""
    places: set[Place] = set()
    yield from of_the_world(kinds, texts_in_reach(case.base))
    for site in sorted(case.twin.sites, key=_urgency):
        if site.place not in places:
            places.add(site.place)
            yield from outages_of(site, kinds)
        yield from at_site(site, kinds)
    yield from of_the_simulation(case.twin.sites, kinds)


def _urgency(site: Site) -> int:
    """Return 0 for writes and the questions of people about them, 2 for reads, 1 for all else."""
    if site.port == "approval" or site.effect in ("write", "irreversible"):
        return 0
    return 2 if site.effect == "read" else 1
