"""One run without faults, and all that was tried on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import msgspec

from harness.campaign import TrialSpec
from harness.exploration.candidates import Candidate, plan_of
from harness.exploration.played import Played


class Tried(msgspec.Struct, frozen=True):
    """One plan that was tried; ``alone`` is what came of its first fault without the second, None for a single one."""

    spec: TrialSpec
    candidates: tuple[Candidate, ...]
    played: Played
    alone: Played | None


@dataclass(frozen=True)
class Attempt:
    """One plan that is to be tried."""

    case: Case
    candidates: tuple[Candidate, ...]
    alone: Played | None = None

    @cached_property
    def spec(self) -> TrialSpec:
        """The trial."""
        return self.case.base.under(plan_of(*self.candidates))


@dataclass
class Case:
    """A base, which is the trial without faults, its twin, which is how that trial goes, and what was tried so far."""

    base: TrialSpec
    twin: Played
    tried: list[Tried] = field(default_factory=list)

    def of_depth(self, faults: int) -> list[Tried]:
        """Return what was tried with so many faults."""
        return [one for one in self.tried if len(one.candidates) == faults]

    @cached_property
    def different(self) -> list[Tried]:
        """The single faults that made a difference which none before them had made, and those that may make one later.

        To be asked for when all of them were tried.
        """
        seen = {self.twin.shape}
        found = []
        for one in self.of_depth(1):
            if any(one.played.fired) and (one.played.shape not in seen or one.candidates[0].latent):
                found.append(one)
            seen.add(one.played.shape)
        return found
