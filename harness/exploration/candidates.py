"""Every single fault that applies to a run: each kind, in each of its variants, at each call where it makes sense."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from harness.boundary import CallFault, FaultKind, FaultPlan, PlannedFault, Seeding, Trigger
from harness.exploration.sites import Site
from harness.history import digest

WORLD = "world"
CLOCK = "clock"
# An outage that never ends, and one that does.
OUTAGES = (Trigger(every=True), Trigger(first=5))
FOREVER_S = 1e9

Kinds = Mapping[str, FaultKind]


class Candidate(msgspec.Struct, frozen=True):
    """One planned fault, and where it belongs in the matrix: ``site`` is an address, a place for outages, or neither.

    ``sort`` tells one way to hurt a call from another, wherever that call is. What a ``latent`` one does may show only
    under another fault.
    """

    fault: PlannedFault
    site: str
    variant: str
    sort: str
    latent: bool = False


def plan_of(*candidates: Candidate) -> FaultPlan:
    """Return the plan of some candidates, named after what is in it."""
    faults = tuple(one.fault for one in candidates)
    return FaultPlan(id=f"explored-{digest([one.model_dump(mode='json') for one in faults])[:10]}", faults=faults)


def by_name(kinds: Kinds) -> list[FaultKind]:
    """Return each kind once, in order; a pack's kinds are known by a longer name as well."""
    return [kind for name, kind in sorted(kinds.items()) if ":" not in name]


def at_site(site: Site, kinds: Kinds) -> Iterator[Candidate]:
    """Yield the ways to hurt exactly this call."""
    for kind in by_name(kinds):
        if isinstance(kind, CallFault) and kind.applies_to(site.port, site.effect):
            yield from (_here(kind, variant, site) for variant in kind.variants)


def _here(kind: CallFault, variant: str, site: Site) -> Candidate:
    when = Trigger(nth=site.arrival)
    fault = PlannedFault(kind=kind.name, at=site.at, when=when, options=dict(kind.variants[variant]))
    return Candidate(fault, site.address, variant, f"{kind.name}/{variant}", kind.latent)


def outages_of(site: Site, kinds: Kinds) -> Iterator[Candidate]:
    """Yield the ways in which whatever answers this call can be out of order for longer."""
    at = f"{site.run_id}/{site.port}:{site.name}"
    for kind in by_name(kinds):
        if isinstance(kind, CallFault) and kind.lasting and kind.applies_to(site.port, site.effect):
            for variant, options in kind.variants.items():
                for when in OUTAGES:
                    fault = PlannedFault(kind=kind.name, at=at, when=when, options=dict(options))
                    lasts = "for ever" if when.every else "for a while"
                    yield Candidate(fault, at, f"{variant} {lasts}", f"{kind.name}/{variant}/{lasts}")


def of_the_world(kinds: Kinds) -> Iterator[Candidate]:
    """Yield what can be wrong before the run begins."""
    for kind in by_name(kinds):
        if isinstance(kind, Seeding):
            for variant, options in kind.variants.items():
                yield Candidate(
                    PlannedFault(kind=kind.name, options=dict(options)), WORLD, variant, f"{kind.name}/{variant}"
                )


def of_the_simulation(sites: Sequence[Site], kinds: Kinds) -> Iterator[Candidate]:
    """Yield what can befall the simulation from the start of each step on."""
    begins_s = dict.fromkeys(site.time_s for site in sites if site.port == "model")
    for kind in by_name(kinds):
        if isinstance(kind, CallFault | Seeding):
            continue
        for variant, options in kind.variants.items():
            for begin_s in begins_s:
                when = Trigger(window=(begin_s, FOREVER_S))
                fault = PlannedFault(kind=kind.name, when=when, options=dict(options))
                yield Candidate(fault, CLOCK, variant, f"{kind.name}/{variant}", latent=True)
