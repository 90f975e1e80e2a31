"""Fault plans to draw from: every way to hurt a run at the calls that it makes when nothing hurts it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from hypothesis import strategies as st

from harness.boundary import FaultKind, FaultPlan
from harness.campaign import TrialSpec
from harness.content import all_fault_kinds
from harness.errors import UsageError
from harness.exploration.candidates import (
    Candidate,
    at_site,
    of_the_simulation,
    of_the_world,
    outages_of,
)
from harness.exploration.sites import sites_of
from harness.history import canonical_json
from harness.strategies.playing import AS_IT_IS, Agent, record_of, trial_of

Kinds = Mapping[str, FaultKind]
Places = Sequence[Sequence[Candidate]]


@st.composite
def fault_plans(
    draw: st.DrawFn,
    domain: str,
    task: str,
    *,
    agent: Agent = "reference",
    kinds: Sequence[str] | None = None,
    max_faults: int = 3,
    seed: int = 0,
) -> FaultPlan:
    """Draw plans of at most ``max_faults`` faults that apply to a task as an agent goes about it.

    The calls are those of the trial without faults, which is played once. ``kinds`` names the kinds to draw from; all
    that say in which variants they come, by default. A plan shrinks to fewer faults, at earlier calls, with simpler
    options. Raises UsageError for a task or kind that does not exist, or when nothing applies.
    """
    trial = trial_of(domain, task, agent, seed)
    places = _places(trial.model_dump_json(), None if kinds is None else tuple(kinds), Path.cwd())
    numbers = st.integers(0, len(places) - 1)
    one = numbers.flatmap(lambda place: st.tuples(st.just(place), st.integers(0, len(places[place]) - 1)))
    drawn = draw(st.lists(one, max_size=max_faults, unique=True))
    return FaultPlan(id="drawn", faults=tuple(places[place][way].fault for place, way in sorted(drawn)))


@lru_cache(maxsize=64)
def _places(trial: str, names: tuple[str, ...] | None, _project: Path) -> Places:
    """Return the faults that apply, by what they hit: each call, whatever answers it, the world, the simulation."""
    # The project is part of the key: the same names can mean another domain and other kinds in another folder.
    base = TrialSpec.model_validate_json(trial)
    kinds = _named(names)
    sites = sites_of(record_of(base, AS_IT_IS))
    answering = {site.place: site for site in reversed(sites)}
    places = [at_site(site, kinds) for site in sites]
    places += [outages_of(answering[place], kinds) for place in dict.fromkeys(site.place for site in sites)]
    places += [of_the_world(kinds), of_the_simulation(sites, kinds)]
    found = [some for some in (sorted(place, key=_simplicity) for place in places) if some]
    if not found:
        msg = f"none of these faults applies to {base.domain}/{base.task_id}: {', '.join(kinds)}; name other kinds"
        raise UsageError(msg)
    return found


def _named(names: tuple[str, ...] | None) -> Kinds:
    known = {name: kind for name, kind in all_fault_kinds().items() if kind.variants and ":" not in name}
    if names is None:
        return known
    if unknown := [name for name in names if name not in known]:
        msg = f"no fault {unknown[0]!r} says its variants; known: {', '.join(sorted(known))}"
        raise UsageError(msg)
    return {name: known[name] for name in names}


def _simplicity(one: Candidate) -> tuple[int, str, str]:
    return len(canonical_json(one.fault.options)), one.fault.kind, one.variant
