"""Random injection: at every call, with some probability, one of the faults that apply there.

Every trial has another seed, and all chance is drawn by address. What is wrong with the world, and what befalls the
simulation, comes with the same probability once in a trial, the latter from a random time on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_args

from benchmarks.exploring.subjects import changed
from harness.boundary import CallFault, FaultKind, FaultPlan, PlannedFault, Port, Seeding, SimulationFault, Trigger
from harness.campaign import TrialSpec, trial_seed
from harness.content import load_domain
from harness.exploration.candidates import FOREVER_S, by_name
from harness.simulation import draw

Way = tuple[FaultKind, str, Mapping[str, Any]]


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
        faults = (*self._of_the_world(seed), *self._of_the_simulation(seed), *self._at_calls)
        return changed(self.base, seed=seed, trial=number, plan=FaultPlan(id=f"random-{self.rate:g}", faults=faults))

    @cached_property
    def _at_calls(self) -> tuple[PlannedFault, ...]:
        return tuple(fault for port in get_args(Port) for fault in self._at(port))

    def _at(self, port: str) -> Iterator[PlannedFault]:
        ways = [way for way in self._ways(CallFault) if self._places(way[0], port)]
        for kind, _, options in ways:
            when = Trigger(probability=self._each_of(len(ways)))
            for at in self._places(kind, port):
                yield PlannedFault(kind=kind.name, at=at, when=when, options=dict(options))

    def _places(self, kind: FaultKind, port: str) -> list[str]:
        """Return where a kind can hit the calls at a port: all of them, or those of the tools that it applies to."""
        assert isinstance(kind, CallFault)
        tools = [tool for tool in self._reach.values() if tool.port == port]
        if all(kind.applies_to(port, tool.effect) for tool in tools):
            return [f"{port}:*"] if port in kind.ports else []
        return [f"{port}:{tool.name}" for tool in tools if kind.applies_to(port, tool.effect)]

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
