"""A second fault on top of a first one: where it can land, and which ones can matter there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from harness.boundary import EffectClass
from harness.exploration.candidates import CLOCK, Candidate, Kinds, at_site
from harness.exploration.case import Attempt, Case, Tried
from harness.exploration.outcomes import FAILING
from harness.exploration.sites import Site

# How a call that the twin does not make came to be: under what, at which port, to what effect, of the same tool or not.
Circumstance = tuple[str, str, EffectClass | None, bool]
Learned = Mapping[Circumstance, Container[str]]


def revealed(cases: Sequence[Case], kinds: Kinds) -> Iterator[Attempt]:
    """Yield every fault at the calls that appear only under another fault, once in each circumstance."""
    seen: set[Circumstance] = set()
    for case in cases:
        for first in case.different:
            for site in _after(first) if first.played.outcome not in FAILING else ():
                key = _circumstance(first.candidates[0], site)
                if site.address not in case.twin.tails and key not in seen:
                    seen.add(key)
                    yield from (_both(case, first, one) for one in at_site(site, kinds))


def pairs(cases: Sequence[Case], kinds: Kinds) -> Iterator[Attempt]:
    """Yield pairs of faults that each make a difference, the second at a call after the first has hit.

    What follows a plan that fails already would only be a larger plan with the same failure.
    """
    learned = _learned(cases)
    for case in cases:
        ways = _Ways.of(one.candidates[0] for one in case.different)
        for first in case.different:
            if first.played.outcome not in FAILING:
                yield from (_both(case, first, one) for one in _seconds(case, first, ways, learned, kinds))


def _both(case: Case, first: Tried, second: Candidate) -> Attempt:
    return Attempt(case, (first.candidates[0], second), first.played)


def _circumstance(first: Candidate, site: Site) -> Circumstance:
    """Return the circumstance of a call that appears only under another fault.

    What makes a difference in one such call makes one in all of its circumstance, whichever the task.
    """
    return first.sort, site.port, site.effect, _same_place(first, site)


def _same_place(one: Candidate, site: Site) -> bool:
    return one.site.startswith(f"{site.run_id}/{site.port}:{site.name}")


def _learned(cases: Iterable[Case]) -> Learned:
    """Return the sorts of faults that made a difference, by the circumstance of the call that they hit."""
    learned: defaultdict[Circumstance, set[str]] = defaultdict(set)
    for case in cases:
        shapes: defaultdict[Circumstance, set[str]] = defaultdict(set)
        for one in case.of_depth(2):
            assert one.attempt.alone is not None
            first, second = one.candidates
            site = next(site for site in one.attempt.alone.sites if site.address == second.site)
            key = _circumstance(first, site)
            if second.latent or one.played.shape not in {one.attempt.alone.shape, *shapes[key]}:
                learned[key].add(second.sort)
            shapes[key].add(one.played.shape)
    return learned


@dataclass(frozen=True)
class _Ways:
    """The ways to hurt the calls of one twin that make a difference, by address, and those to hurt its simulation."""

    at_address: defaultdict[str, list[Candidate]] = field(default_factory=lambda: defaultdict(list))
    windows: list[Candidate] = field(default_factory=list)

    @classmethod
    def of(cls, found: Iterable[Candidate]) -> _Ways:
        ways = cls()
        for one in found:
            (ways.windows if one.site == CLOCK else ways.at_address[one.site]).append(one)
        return ways

    def from_now_on(self, now_s: float) -> Iterator[Candidate]:
        return (one for one in self.windows if one.fault.when.window and one.fault.when.window[0] >= now_s)


def _seconds(case: Case, first: Tried, ways: _Ways, learned: Learned, kinds: Kinds) -> Iterator[Candidate]:
    own = first.candidates[0]
    begun = {site.place for site in first.played.sites if site.seq <= first.played.hit_seq}
    if first.played.let_through:
        yield from (one for one in ways.at_address[own.site] if one != own)
    for site in _unhealed(case, first):
        if site.address in case.twin.tails:
            yield from ways.at_address[site.address]
        else:
            sorts = learned.get(_circumstance(own, site), ())
            yield from (one for one in at_site(site, kinds) if one.sort in sorts)
        if site.place not in begun:
            begun.add(site.place)
            yield from ways.at_address[f"{site.run_id}/{site.port}:{site.name}"]
    yield from ways.from_now_on(first.played.hit_s)


def _unhealed(case: Case, first: Tried) -> Iterator[Site]:
    """Yield the calls at which a run is not yet back on the path of its twin, and later ones of the tool that was hit.

    Once all goes on as if nothing had been, a second fault would find what it finds without the first.
    """
    own = first.candidates[0]
    usual = () if own.latent else frozenset(case.twin.tails.values())
    healed = False
    for site in _after(first):
        healed = healed or first.played.tails[site.address] in usual
        if not healed or _same_place(own, site):
            yield site


def _after(tried: Tried) -> Iterator[Site]:
    return (site for site in tried.played.sites if site.seq > tried.played.hit_seq)
