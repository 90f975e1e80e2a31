"""One run without faults, and all that was tried on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from harness.campaign import TrialSpec
from harness.exploration.candidates import Candidate, plan_of
from harness.exploration.played import Played


@dataclass(frozen=True, slots=True)
class Attempt:
    """One plan to try: a single fault, a pair of them, or a swarm.

    ``alone`` is what came of the first fault of a pair without the second. A swarm is drawn whenever it is looked at,
    and is always the same: each holds a hundred faults, and there are tens of thousands.
    """

    case: Case
    planned: tuple[Candidate, ...] = ()
    alone: Played | None = None
    draw: Callable[[], tuple[Candidate, ...]] | None = None

    @property
    def is_swarm(self) -> bool:
        """Whether its faults are drawn."""
        return self.draw is not None

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """The faults; a swarm may have none."""
        return self.planned if self.draw is None else self.draw()

    def spec(self, candidates: tuple[Candidate, ...]) -> TrialSpec:
        """Return the trial under these faults, which are its own."""
        return self.case.base.under(plan_of(*candidates))


@dataclass(frozen=True, slots=True)
class Tried:
    """One plan, and what came of it."""

    attempt: Attempt
    played: Played

    @property
    def spec(self) -> TrialSpec:
        """The trial."""
        return self.attempt.spec(self.candidates)

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """The faults."""
        return self.attempt.candidates

    @property
    def hit(self) -> tuple[Candidate, ...]:
        """The faults that hit."""
        return tuple(one for one, fired in zip(self.candidates, self.played.fired, strict=True) if fired)


@dataclass
class Case:
    """A base, which is the trial without faults, its twin, which is how that trial goes, and what was tried so far."""

    base: TrialSpec
    twin: Played
    tried: list[Tried] = field(default_factory=list)

    @property
    def lasts_s(self) -> float:
        """How long it takes without a fault until the last call."""
        return self.twin.sites[-1].time_s if self.twin.sites else 0.0

    def of_depth(self, faults: int) -> list[Tried]:
        """Return what was tried with so many faults, each one at a place of its own choice."""
        return [one for one in self.tried if len(one.attempt.planned) == faults]

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
