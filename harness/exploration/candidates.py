"""Every single fault that applies to a run: each kind, in each of its variants, at each call where it makes sense."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from harness.boundary import CallFault, FaultKind, FaultPlan, PlannedFault, Seeding, Trigger
from harness.campaign import TrialSpec
from harness.content import load_domain
from harness.exploration.sites import Site
from harness.history import digest

WORLD = "world"
CLOCK = "clock"
# An outage that never ends, one that does, and one that comes and goes: some parts take note of failures only, others
# of what worked in between as well.
OUTAGES = {
    "for ever": Trigger(every=True),
    "for a while": Trigger(first=5),
    "now and then": Trigger(probability=0.4),
}
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
                for lasts, when in OUTAGES.items():
                    fault = PlannedFault(kind=kind.name, at=at, when=when, options=dict(options))
                    yield Candidate(fault, at, f"{variant} {lasts}", f"{kind.name}/{variant}/{lasts}")


def texts_in_reach(base: TrialSpec) -> tuple[str, ...]:
    """Return the poisoned texts of the domain that ask for a call within reach of the task."""
    domain = load_domain(base.domain)
    return domain.soil(domain.tasks[base.task_id]).fitting


def of_the_world(kinds: Kinds, texts: Sequence[str] = ()) -> Iterator[Candidate]:
    """Yield what can be wrong before the run begins.

    A kind that plants a text plants the first of ``texts``, and in its first variant the others as well: some harm can
    be done by one text alone.
    """
    for kind in by_name(kinds):
        if isinstance(kind, Seeding):
            yield from (_seeded(kind, variant) for variant in kind.variants)
            if "injection" in kind.options.model_fields:
                first = next(iter(kind.variants))
                yield from (_seeded(kind, first, text) for text in texts[1:])


def _seeded(kind: Seeding, variant: str, text: str | None = None) -> Candidate:
    options = dict(kind.variants[variant]) | ({"injection": text} if text else {})
    told = f"{variant}, {text}" if text else variant
    return Candidate(PlannedFault(kind=kind.name, options=options), WORLD, told, f"{kind.name}/{told}")


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
