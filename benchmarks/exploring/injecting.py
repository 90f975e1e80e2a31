"""Random injection: at every call, with some probability, one of the faults that apply there.

Every trial has another seed, and draws from all kinds; exploration draws its swarms from half of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from benchmarks.exploring.subjects import changed
from harness.boundary import FaultKind, FaultPlan
from harness.campaign import TrialSpec, trial_seed
from harness.exploration.swarms import Swarm


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
        faults = tuple(one.fault for one in self._swarm.drawn(seed, self.rate))
        return changed(self.base, seed=seed, trial=number, plan=FaultPlan(id=f"random-{self.rate:g}", faults=faults))

    @cached_property
    def _swarm(self) -> Swarm:
        return Swarm(self.base, self.lasts_s, self.kinds)
