"""The smallest plan that fails in the same way: fewer faults, then simpler ones, then fewer runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from harness.boundary import FaultKind, FaultPlan, PlannedFault, Trigger, plan_problems
from harness.campaign import TrialSpec
from harness.errors import UsageError
from harness.exploration.minimise import minimise
from harness.exploration.outcomes import FAILING
from harness.exploration.played import Played
from harness.exploration.sites import selector_of

PlayOne = Callable[[TrialSpec], Played]
Kinds = Mapping[str, FaultKind]

HALVINGS = 12
HITS_TRIED = 8


class Shrunk(msgspec.Struct, frozen=True):
    """A failing trial, the smallest one that was found to fail in the same way, and how many trials that took."""

    before: TrialSpec
    after: TrialSpec
    played: Played
    replays: int


def shrink(spec: TrialSpec, play: PlayOne, kinds: Kinds) -> Shrunk:
    """Shrink the plan of a failing trial, with the same failure signature as the oracle.

    Raises UsageError when the trial does not fail.
    """
    oracle = _Oracle(spec, play)
    faults = oracle.fired(spec.plan.faults)
    faults = minimise(faults, oracle.fails)
    for number in range(len(faults)):
        faults = _simplest(faults, number, oracle, kinds)
    runs = (
        minimise(spec.runs, lambda some: bool(some) and oracle.fails(faults, some)) if len(spec.runs) > 1 else spec.runs
    )
    after = oracle.spec_of(faults, runs)
    return Shrunk(spec, after, oracle.play(after), oracle.replays)


class _Oracle:
    """Whether a smaller trial fails in the same way; each is played once."""

    def __init__(self, spec: TrialSpec, play: PlayOne) -> None:
        self._spec = spec
        self._play = play
        self._known: dict[str, Played] = {}
        first = self.play(spec)
        if first.outcome not in FAILING:
            msg = f"trial {spec.trial_id} does not fail ({first.outcome}); name one that does"
            raise UsageError(msg)
        self._signature = first.signature

    @property
    def replays(self) -> int:
        """How many trials were played."""
        return len(self._known)

    def play(self, spec: TrialSpec) -> Played:
        if spec.trial_id not in self._known:
            self._known[spec.trial_id] = self._play(spec)
        return self._known[spec.trial_id]

    def spec_of(self, faults: tuple[PlannedFault, ...], runs: tuple[Any, ...] | None = None) -> TrialSpec:
        plan = FaultPlan(id=f"{self._spec.plan.id.removesuffix('-shrunk')}-shrunk", faults=faults)
        spec = self._spec.under(plan if faults != self._spec.plan.faults else self._spec.plan)
        return spec if runs in (None, spec.runs) else spec.with_runs(runs)

    def fails(self, faults: tuple[PlannedFault, ...], runs: tuple[Any, ...] | None = None) -> bool:
        return self.play(self.spec_of(faults, runs)).signature == self._signature

    def fired(self, faults: tuple[PlannedFault, ...]) -> tuple[PlannedFault, ...]:
        """Return the faults that hit, where the trial fails without the others as well."""
        hit = self.play(self._spec).fired
        some = tuple(one for one, fired in zip(faults, hit, strict=True) if fired)
        return some if self.fails(some) else faults


def _simplest(faults: tuple[PlannedFault, ...], number: int, oracle: _Oracle, kinds: Kinds) -> tuple[PlannedFault, ...]:
    """Make one fault simpler, as long as the trial fails in the same way."""
    while True:
        hits = oracle.play(oracle.spec_of(faults)).addresses[number]
        for simpler in _simpler(faults[number], hits):
            changed = (*faults[:number], simpler, *faults[number + 1 :])
            if _is_allowed(simpler, kinds) and oracle.fails(changed):
                faults = changed
                break
        else:
            return faults


def _is_allowed(fault: PlannedFault, kinds: Kinds) -> bool:
    return not list(plan_problems(FaultPlan(faults=(fault,)), kinds))


def _simpler(fault: PlannedFault, hits: Sequence[str]) -> Iterator[PlannedFault]:
    """Yield what is a little simpler, the boldest first: one call for many, defaults for options, less for more.

    ``hits`` are the addresses of the calls that the fault hit.
    """
    if fault.when.nth is None:
        yield from (_once(fault, address) for address in hits[:HITS_TRIED])
    if "when" in fault.model_fields_set:
        yield from (_changed(fault, when=when) for when in _simpler_triggers(fault.when))
    for name, value in fault.options.items():
        others = {key: one for key, one in fault.options.items() if key != name}
        yield _changed(fault, options=others)
        yield from (_changed(fault, options={**others, name: less}) for less in _less(value))


def _once(fault: PlannedFault, address: str) -> PlannedFault:
    at, arrival = selector_of(address)
    return _changed(fault, at=at, when=Trigger(nth=arrival))


def _simpler_triggers(when: Trigger) -> Iterator[Trigger]:
    if when.every or when.probability is not None or when.after is not None:
        yield from (Trigger(nth=number) for number in (1, 2, 3))
        yield from (Trigger(first=number) for number in (2, 3, 5, 8))
    elif when.first is not None:
        yield Trigger(nth=when.first)
        yield from (Trigger(first=number) for number in range(1, when.first))


def _less(value: Any) -> Iterator[Any]:
    """Yield smaller numbers, half of the value at last; nothing for what is no number, or small already."""
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) <= 1:
        return
    for halvings in range(HALVINGS, 0, -1):
        less = round(value / 2**halvings, 3) if isinstance(value, float) else int(value / 2**halvings)
        if less not in (0, value):
            yield less


def _changed(fault: PlannedFault, **update: Any) -> PlannedFault:
    kept = {name: getattr(fault, name) for name in fault.model_fields_set}
    return PlannedFault(**{**kept, **update})
