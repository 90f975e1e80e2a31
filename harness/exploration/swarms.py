"""Many faults in one trial, drawn: what shows only under several at once is out of reach for singles and pairs.

Swarm testing (Groce, Zhang, Eide, Chen and Regehr, "Swarm Testing", ISSTA 2012): each trial draws which kinds of faults
there are at all, since trials that hold some of everything are alike, and one kind can hide what another would show.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_args

from harness.boundary import CallFault, EffectClass, FaultKind, PlannedFault, Port, Seeding, SimulationFault, Trigger
from harness.campaign import TrialSpec
from harness.content import load_domain
from harness.exploration.candidates import CLOCK, FOREVER_S, WORLD, Candidate, Kinds, by_name
from harness.simulation import derive_seed, draw

KINDS = 0.5
RATES = (0.1, 0.8)
WAYS = 5

Way = tuple[FaultKind, str, Mapping[str, Any]]


def swarm(base: TrialSpec, lasts_s: float, kinds: Kinds, number: int) -> tuple[Candidate, ...]:
    """Return one swarm of a base: half of the kinds are left out, and how often a call is hit is drawn as well."""
    seed = derive_seed(base.seed, "swarm", str(number))
    some = {name: kind for name, kind in kinds.items() if draw(seed, "swarm", f"kind {kind.name}") < KINDS}
    mild, wild = RATES
    rate = mild + (wild - mild) * draw(seed, "swarm", "rate")
    return Swarm(base, lasts_s, some).drawn(seed, rate)


@dataclass(frozen=True)
class Swarm:
    """The faults that can hit one base, from which some are drawn; ``lasts_s`` is how long it takes without any.

    Some ways to hurt a tool are drawn, and its calls are hit by these; two can hit the same call. What is wrong with
    the world, and what befalls the simulation, comes once in a trial, the latter from a drawn time on.
    """

    base: TrialSpec
    lasts_s: float
    kinds: Kinds

    def drawn(self, seed: int, rate: float) -> tuple[Candidate, ...]:
        """Return the faults that ``seed`` draws; each call is hit by at least one with probability ``rate``."""
        return (*self._of_the_world(seed, rate), *self._of_the_simulation(seed, rate), *self._at_calls(seed, rate))

    def _at_calls(self, seed: int, rate: float) -> Iterator[Candidate]:
        for at, ways in self._places.items():
            left = list(ways)
            count = min(WAYS, len(ways))
            for turn in range(count):
                way = left.pop(int(draw(seed, "swarm", f"{at} {turn}") * len(left)))
                yield _planned(way, at, at=at, when=Trigger(probability=_each_of(count, rate)))

    @cached_property
    def _places(self) -> Mapping[str, Sequence[Way]]:
        """Each tool within reach, and each port at which something else answers, with the ways to hurt its calls."""
        tools = {f"{tool.port}:{tool.name}": (tool.port, tool.effect) for tool in self._reach.values()}
        taken = {tool.port for tool in self._reach.values()}
        others = {f"{port}:*": (port, None) for port in get_args(Port) if port not in taken}
        return {at: self._applying(*facts) for at, facts in {**others, **tools}.items()}

    def _applying(self, port: str, effect: EffectClass | None) -> Sequence[Way]:
        return [
            way for way in self._ways(CallFault) if isinstance(way[0], CallFault) and way[0].applies_to(port, effect)
        ]

    @cached_property
    def _reach(self) -> Mapping[str, Any]:
        domain = load_domain(self.base.domain)
        return domain.in_reach(domain.tasks[self.base.task_id])

    def _of_the_world(self, seed: int, rate: float) -> Iterator[Candidate]:
        for way in self._some(Seeding, seed, rate):
            yield _planned(way, WORLD)

    def _of_the_simulation(self, seed: int, rate: float) -> Iterator[Candidate]:
        for way in self._some(SimulationFault, seed, rate):
            begin_s = round(self.lasts_s * draw(seed, "swarm", f"{_name(way)} begins"), 3)
            yield _planned(way, CLOCK, when=Trigger(window=(begin_s, FOREVER_S)))

    def _some(self, sort: type[FaultKind], seed: int, rate: float) -> Iterator[Way]:
        ways = self._ways(sort)
        return (way for way in ways if draw(seed, "swarm", _name(way)) < _each_of(len(ways), rate))

    def _ways(self, sort: type[FaultKind]) -> list[Way]:
        kinds = [kind for kind in by_name(self.kinds) if isinstance(kind, sort)]
        return [(kind, variant, options) for kind in kinds for variant, options in kind.variants.items()]


def _each_of(ways: int, rate: float) -> float:
    """Return the probability of each of so many ways with which at least one of them comes with ``rate``."""
    return round(float(1 - (1 - rate) ** (1 / ways)), 4)


def _name(way: Way) -> str:
    return f"{way[0].name}/{way[1]}"


def _planned(way: Way, site: str, **placed: Any) -> Candidate:
    fault = PlannedFault(kind=way[0].name, options=dict(way[2]), **placed)
    return Candidate(fault, site, way[1], _name(way))
