"""A trial played again, and what it comes to for triage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Literal

import msgspec

from harness.boundary import FaultKind, plan_problems
from harness.campaign import TrialSpec, run_trial
from harness.content import all_fault_kinds
from harness.errors import ContentError
from harness.exploration import Played, play
from harness.exploration.outcomes import FAILING
from harness.history import Event
from harness.scoring import Scorecard, score

State = Literal["good", "bad", "invalid"]
Replay = Callable[[TrialSpec], "Replayed"]
Kinds = Mapping[str, FaultKind]


class Replayed(msgspec.Struct, frozen=True):
    """How a trial went: ``bad`` when it fell short of what is expected, ``invalid`` when it could not be played."""

    state: State
    signature: tuple[str, ...]
    events: tuple[Event, ...]


class Replays:
    """Plays trials again, each once."""

    def __init__(self) -> None:
        self._known: dict[str, Replayed] = {}

    @cached_property
    def kinds(self) -> Kinds:
        """The kinds of faults there are."""
        return all_fault_kinds()

    @property
    def count(self) -> int:
        """How many trials were played."""
        return len(self._known)

    def __call__(self, spec: TrialSpec) -> Replayed:
        """Play a trial, or remember how it went; raises ContentError when its faults are not known any more."""
        if problems := list(plan_problems(spec.plan, self.kinds)):
            raise ContentError(problems)
        if spec.trial_id not in self._known:
            record = run_trial(spec, self.kinds).record
            card = score(record, spec.expect)
            self._known[spec.trial_id] = Replayed(state_of(card), card.signature, tuple(record.events))
        return self._known[spec.trial_id]

    def for_shrinking(self, spec: TrialSpec) -> Played:
        """Play a trial for shrinking; to triage, a task left undone is a failure, even one that was owned up to."""
        played = play(spec, self.kinds)
        if played.outcome in FAILING or self(spec).state != "bad":
            return played
        return msgspec.structs.replace(played, outcome="failed")


def state_of(card: Scorecard) -> State:
    """Return what a scorecard comes to; the same rule as for stored trials."""
    if card.verdict == "harness_error":
        return "invalid"
    if card.as_expected is not None:
        return "good" if card.as_expected else "bad"
    return "bad" if card.verdict == "violated" or card.outcome == "failed" else "good"
