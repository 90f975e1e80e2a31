"""Systematic exploration: every applicable single fault, then pairs, less what the histories show can not matter.

In the manner of Filibuster (Meiklejohn et al., "Service-Level Fault Injection Testing", SoCC 2021), which enumerates
the faults at the calls of a passing run, and at those that appear under faults; and of lineage-driven fault injection
(Alvaro, Rosen and Hellerstein, SIGMOD 2015), which leaves out what can not have had a part in the outcome.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from harness.campaign import TrialSpec
from harness.exploration.candidates import (
    Candidate,
    Kinds,
    at_site,
    of_the_simulation,
    of_the_world,
    outages_of,
)
from harness.exploration.case import Attempt, Case, Tried
from harness.exploration.pairs import pairs, revealed
from harness.exploration.played import Played
from harness.exploration.sites import Place

PlayAll = Callable[[Sequence[TrialSpec]], list[Played]]


@dataclass(frozen=True)
class Exploration:
    """Everything that was tried; ``left_out`` plans are those for which the budget did not suffice."""

    cases: tuple[Case, ...]
    left_out: int

    @property
    def tried(self) -> list[Tried]:
        """All plans, case by case."""
        return [one for case in self.cases for one in case.tried]


def explore(
    bases: Sequence[TrialSpec], play: PlayAll, kinds: Kinds, *, depth: int = 1, budget: int | None = None
) -> Exploration:
    """Try single faults on every base, also at calls that appear only under another fault; with ``depth`` 2, pairs.

    The order is fixed: all singles before all pairs, along the history of the twin. ``budget`` is the most trials.
    """
    cases = tuple(Case(base, twin) for base, twin in zip(bases, play(bases), strict=True))
    left = math.inf if budget is None else max(0, budget - len(cases))
    left_out = 0
    for level in (_singles, revealed, pairs)[: depth + 1]:
        attempts = list(_news(cases, level(cases, kinds)))
        allowed = attempts if left >= len(attempts) else attempts[: int(left)]
        left_out += len(attempts) - len(allowed)
        left -= len(allowed)
        for one, played in zip(allowed, play([one.spec for one in allowed]), strict=True):
            one.case.tried.append(Tried(one.spec, one.candidates, played, one.alone))
    return Exploration(cases, left_out)


def _news(cases: Sequence[Case], attempts: Iterator[Attempt]) -> Iterator[Attempt]:
    """Yield each trial once that was not tried yet."""
    seen = {tried.spec.trial_id for case in cases for tried in case.tried}
    for one in attempts:
        if one.spec.trial_id not in seen:
            seen.add(one.spec.trial_id)
            yield one


def _singles(cases: Sequence[Case], kinds: Kinds) -> Iterator[Attempt]:
    for case in cases:
        yield from (Attempt(case, (one,)) for one in _candidates(case.twin, kinds))


def _candidates(twin: Played, kinds: Kinds) -> Iterator[Candidate]:
    places: set[Place] = set()
    yield from of_the_world(kinds)
    for site in twin.sites:
        if site.place not in places:
            places.add(site.place)
            yield from outages_of(site, kinds)
        yield from at_site(site, kinds)
    yield from of_the_simulation(twin.sites, kinds)
