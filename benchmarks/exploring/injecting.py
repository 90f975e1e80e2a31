"""Random injection: at every call, with some probability, one of the faults that apply there.

Every trial has another seed, and all chance is drawn by address. In each trial, some of the ways to hurt a tool are
drawn, and its calls are hit by these; the probability that at least one of them hits is the rate. What is wrong with
the world, and what befalls the simulation, comes with the same probability once in a trial, the latter from a random
time on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_args

from benchmarks.exploring.subjects import changed
from harness.boundary import (
    CallFault,
    EffectClass,
    FaultKind,
    FaultPlan,
    PlannedFault,
    Port,
    Seeding,
    SimulationFault,
    Trigger,
)
from harness.campaign import TrialSpec, trial_seed
from harness.content import load_domain
from harness.exploration.candidates import FOREVER_S, by_name
from harness.simulation import draw

Way = tuple[FaultKind, str, Mapping[str, Any]]
WAYS = 5


@dataclass(frozen=True)
class Injection:
    """Random injection into one base; ``lasts_s`` is how long that takes without a fault.

    ``rate`` is the probability with which a call is hit; two faults can hit the same one.
    """

    base: TrialSpec
    lasts_s: float
    rate: float
    kinds: Mapping[str, FaultKind]

    def trial(self, number: int, series: int = 0) -> TrialSpec:
        """Return one trial under its faults; another number has another seed, and so has another series."""
        seed = trial_seed(series, self.base.domain, self.base.task_id, number)
        faults = (*self._of_the_world(seed), *self._of_the_simulation(seed), *self._at_calls(seed))
        return changed(self.base, seed=seed, trial=number, plan=FaultPlan(id=f"random-{self.rate:g}", faults=faults))

    def _at_calls(self, seed: int) -> Iterator[PlannedFault]:
        for at, faults in self._places.items():
            left = list(faults)
            for turn in range(min(WAYS, len(faults))):
                yield left.pop(int(draw(seed, "random injection", f"{at} {turn}") * len(left)))

    @cached_property
    def _places(self) -> Mapping[str, Sequence[PlannedFault]]:
        """Each tool within reach, and each port at which something else answers, with the ways to hurt its calls."""
        tools = {f"{tool.port}:{tool.name}": (tool.port, tool.effect) for tool in self._reach.values()}
        taken = {tool.port for tool in self._reach.values()}
        others = {f"{port}:*": (port, None) for port in get_args(Port) if port not in taken}
        return {at: list(self._at(at, *facts)) for at, facts in {**others, **tools}.items()}

    def _at(self, at: str, port: str, effect: EffectClass | None) -> Iterator[PlannedFault]:
        ways = self._ways(CallFault)
        apply = [way for way in ways if isinstance(way[0], CallFault) and way[0].applies_to(port, effect)]
        for kind, _, options in apply:
            when = Trigger(probability=self._each_of(min(WAYS, len(apply))))
            yield PlannedFault(kind=kind.name, at=at, when=when, options=dict(options))

    @cached_property
    def _reach(self) -> Mapping[str, Any]:
        domain = load_domain(self.base.domain)
        return domain.in_reach(domain.tasks[self.base.task_id])

    def _of_the_world(self, seed: int) -> Iterator[PlannedFault]:
        for kind, _, options in self._drawn(Seeding, seed):
            yield PlannedFault(kind=kind.name, options=dict(options))

    def _of_the_simulation(self, seed: int) -> Iterator[PlannedFault]:
        for kind, variant, options in self._drawn(SimulationFault, seed):
            begin_s = self.lasts_s * draw(seed, "random injection", f"{kind.name}/{variant} begins")
            yield PlannedFault(kind=kind.name, when=Trigger(window=(begin_s, FOREVER_S)), options=dict(options))

    def _drawn(self, sort: type[FaultKind], seed: int) -> Iterator[Way]:
        ways = self._ways(sort)
        for way in ways:
            if draw(seed, "random injection", f"{way[0].name}/{way[1]}") < self._each_of(len(ways)):
                yield way

    def _ways(self, sort: type[FaultKind]) -> list[Way]:
        kinds = [kind for kind in by_name(self.kinds) if isinstance(kind, sort)]
        return [(kind, variant, options) for kind in kinds for variant, options in kind.variants.items()]

    def _each_of(self, ways: int) -> float:
        """Return the probability of each of so many ways with which at least one of them comes with ``rate``."""
        return float(1 - (1 - self.rate) ** (1 / ways))
