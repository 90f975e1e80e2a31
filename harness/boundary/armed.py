"""A fault plan made ready for one trial: checked options, triggers, and the count of hits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from harness.boundary.calls import Call
from harness.boundary.faults import CallFault, FaultKind, Receipt, SeedableWorld, Seeding, SimulationFault, family_of
from harness.boundary.plans import FaultPlan, PlannedFault, Trigger
from harness.history import History
from harness.simulation import draw


class ArmedFault:
    """One planned fault with its kind, its checked options and its receipt in the making."""

    __slots__ = (
        *("family", "first_address", "first_time_s", "index", "injection", "kind", "options", "planned", "probes"),
        "times",
    )

    def __init__(self, index: int, planned: PlannedFault, kind: FaultKind) -> None:
        self.index = index
        self.planned = planned
        self.kind = kind
        self.options = kind.options.model_validate(planned.options)
        self.family = family_of(kind, self.options)
        self.probes: tuple[str, ...] = ()
        self.injection: str | None = None
        self.times = 0
        self.first_address: str | None = None
        self.first_time_s: float | None = None

    def plant(self, world: SeedableWorld) -> None:
        """Change the world before time 0, and remember by which texts the seed will be known."""
        assert isinstance(self.kind, Seeding)
        self.probes = tuple(" ".join(probe.split()) for probe in self.kind.seed(self.options, world))
        self.injection = world.injection_used

    def hit(self, history: History, run_id: str | None, address: str | None, step: int | None = None) -> None:
        """Count one hit and record it in the history."""
        payload = {"fault": self.index, "kind": self.kind.name, "family": self.family}
        if self.injection is not None:
            payload["injection"] = self.injection
        event = history.append("fault_injected", run_id=run_id, step=step, address=address, payload=payload)
        if self.times == 0:
            self.first_address, self.first_time_s = address, event.time_s
        self.times += 1

    def receipt(self) -> Receipt:
        """Return what became of this fault so far."""
        name, at = self.kind.name, self.planned.at
        return Receipt(self.index, name, self.family, at, self.times, self.first_address, self.first_time_s)


class ArmedPlan:
    """The faults of one trial, by type."""

    def __init__(self, plan: FaultPlan, kinds: Mapping[str, FaultKind], seed: int) -> None:
        self.seed = seed
        self.faults = [ArmedFault(index, one, kinds[one.kind]) for index, one in enumerate(plan.faults)]
        self.wrapping = [fault for fault in self.faults if isinstance(fault.kind, CallFault)]
        self.seedings = [fault for fault in self.faults if isinstance(fault.kind, Seeding)]
        self.simulation = [fault for fault in self.faults if isinstance(fault.kind, SimulationFault)]

    def meant_for(
        self, call: Call, identity: Mapping[str, Any], address: str, arrival: int, history: History
    ) -> list[ArmedFault]:
        """Return the call faults that hit this arrival, in the order of the plan."""
        return [
            fault
            for fault in self.wrapping
            if isinstance(fault.kind, CallFault)
            and call.port in fault.kind.ports
            and fault.planned.selector.picks(call.run_id, call.port, call.name, identity)
            and self._triggers(fault.planned, address, arrival, history)
        ]

    def receipts(self) -> list[Receipt]:
        """Return one receipt for every planned fault."""
        return [fault.receipt() for fault in self.faults]

    def _triggers(self, planned: PlannedFault, address: str, arrival: int, history: History) -> bool:
        when = planned.when
        if when.nth is not None:
            return arrival == when.nth
        if when.first is not None:
            return arrival <= when.first
        if when.probability is not None:
            return draw(self.seed, planned.stream, address) < when.probability
        return _holds_now(when, history)


def _holds_now(when: Trigger, history: History) -> bool:
    if when.window is not None:
        return when.window[0] <= history.now() < when.window[1]
    if when.after is not None:
        return any(event.kind == when.after for event in history)
    return True


def plan_problems(plan: FaultPlan, kinds: Mapping[str, FaultKind]) -> Iterable[str]:
    """Yield one line for everything in ``plan`` that its kinds do not allow."""
    for index, planned in enumerate(plan.faults):
        where = f"faults.{plan.id}[{index}]"
        kind = kinds.get(planned.kind)
        if kind is None:
            yield f"{where}.kind: there is no fault {planned.kind!r}; known: {', '.join(sorted(kinds))}"
            continue
        yield from _option_problems(where, planned, kind)
        yield from _placement_problems(where, planned, kind)


def _option_problems(where: str, planned: PlannedFault, kind: FaultKind) -> Iterable[str]:
    try:
        kind.options.model_validate(planned.options)
    except ValidationError as error:
        for one in error.errors():
            key = ".".join(str(part) for part in one["loc"])
            known = ", ".join(kind.options.model_fields)
            yield f"{where}.options.{key}: {one['msg']}; {kind.name} takes: {known}"


def _placement_problems(where: str, planned: PlannedFault, kind: FaultKind) -> Iterable[str]:
    if isinstance(kind, CallFault):
        port = planned.selector.port
        if "*" not in port and port not in kind.ports:
            yield f"{where}.at: {kind.name} does not apply to port {port!r}; it applies to: {', '.join(kind.ports)}"
    elif isinstance(kind, Seeding):
        # Not ``model_fields_set``: a stored plan names what its author has left out.
        for key in ("at", "when"):
            if getattr(planned, key) != PlannedFault.model_fields[key].default:
                yield f"{where}.{key}: {kind.name} changes the world before the trial begins; remove {key!r}"
    elif planned.when.window is None:
        yield f"{where}.when: {kind.name} needs a window, for example when: {{window: [0, 60]}}"
