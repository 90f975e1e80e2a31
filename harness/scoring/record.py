"""The record of one trial: everything that scoring may look at, and what of it was observed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import msgspec

from harness.boundary import FaultPlan, Receipt, ToolFacts
from harness.content import Injection, Task
from harness.history import Event
from harness.world import Change

Observed = Literal["calls", "arguments", "results", "effects", "world", "time", "usage"]
ALL_OBSERVED: frozenset[Observed] = frozenset({"calls", "arguments", "results", "effects", "world", "time", "usage"})


@dataclass(frozen=True)
class Record:
    """One trial as data; ``before`` and ``after`` are the world, None where it was not observed."""

    task: Task
    tools: Mapping[str, ToolFacts]
    plan: FaultPlan
    receipts: Sequence[Receipt]
    events: Sequence[Event]
    injections: Mapping[str, Injection] = field(default_factory=dict)
    before: Any = None
    after: Any = None
    observed: frozenset[Observed] = ALL_OBSERVED

    @cached_property
    def by_kind(self) -> Mapping[str, list[Event]]:
        """The events, grouped by kind."""
        groups: dict[str, list[Event]] = {}
        for event in self.events:
            groups.setdefault(event.kind, []).append(event)
        return groups

    def of(self, *kinds: str) -> list[Event]:
        """Return the events of some kinds, in order."""
        if len(kinds) == 1:
            return self.by_kind.get(kinds[0], [])
        return sorted((event for kind in kinds for event in self.by_kind.get(kind, ())), key=lambda one: one.seq)

    @cached_property
    def answer(self) -> str:
        """What the agent said at the end; several runs' answers are joined by lines."""
        return "\n".join(str(event.payload.get("answer", "")) for event in self.of("run_completed"))

    @cached_property
    def oracles(self) -> dict[str, bool]:
        """What foreign checkers decided when the trial ended."""
        return {str(event.name): event.result == "true" for event in self.of("oracle_decided")}

    @cached_property
    def changes(self) -> list[Change]:
        """What differs between the world before and after."""
        settled = self.of("world_settled")
        return msgspec.convert(settled[-1].payload["changes"], list[Change]) if settled else []

    @cached_property
    def planted(self) -> Mapping[int, Injection]:
        """The injections that the fault plan plants, by the number of their fault."""
        ids = {number: str(fault.options.get("injection")) for number, fault in enumerate(self.plan.faults)}
        # Where the plan leaves the choice open, the history tells what has reached an agent.
        ids |= {
            hit.payload["fault"]: hit.payload["injection"]
            for hit in self.of("fault_injected")
            if "injection" in hit.payload
        }
        return {number: self.injections[one] for number, one in ids.items() if one in self.injections}

    def last_words(self, run_id: str) -> str:
        """Return ``: error`` where a run has said why it crashed, else nothing."""
        errors = [
            str(one.payload["error"])
            for one in self.of("run_completed")
            if one.run_id == run_id and "error" in one.payload
        ]
        return f": {errors[0]}" if errors else ""

    @property
    def planned_injections(self) -> Iterable[Injection]:
        """The injections that the fault plan plants."""
        return list(self.planted.values())

    @cached_property
    def run_ids(self) -> Sequence[str]:
        """The runs that began, in order; those that only made calls where no beginning was recorded."""
        began = self.of("run_started") or self.of("tool_call_started", "run_completed")
        return list(dict.fromkeys(str(event.run_id) for event in began))

    @cached_property
    def endings(self) -> Mapping[str, str]:
        """How each run ended; ``aborted`` for one whose end was not recorded."""
        ended = {str(event.run_id): str(event.result) for event in self.of("run_completed")}
        return {run_id: ended.get(run_id, "aborted") for run_id in dict.fromkeys((*self.run_ids, *ended))}

    @cached_property
    def seen(self) -> frozenset[Observed]:
        """What was observed; not the world where the trial ended before stock was taken of it."""
        return self.observed if self.of("world_settled") else self.observed - {"world"}
