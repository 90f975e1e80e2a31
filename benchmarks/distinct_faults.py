"""Which kinds of faults differ in what they do to agents.

    python -m benchmarks.distinct_faults [--jobs N]

A panel of agents, the reference orchestrator and others that lack one of its parts or have it wrong, each at a task
where something is at stake, meets every single fault. Two kinds are distinct when some agent falls short under them in
different ways, by its failure signatures. It ends with 1 when two are not, or when nobody falls short under one at all.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations

import msgspec

from benchmarks.defects import load_defects
from benchmarks.exploring.subjects import changed
from harness.boundary import FaultPlan, PlannedFault
from harness.campaign import TrialSpec, workers
from harness.content import AgentSpec, all_fault_kinds
from harness.exploration import FAILING, Memory, Outcome, Played, bases_of, explore
from harness.exploration.candidates import Kinds, by_name

SHORT: frozenset[Outcome] = FAILING | {"failed_safe"}
LOST_ACKNOWLEDGEMENT = PlannedFault(kind="timeout", at="tool:drain", options={"effect": "after"})
PAIRS = "{} kinds, {} pairs told apart, {} not"

Way = tuple[str, tuple[str, ...]]
Ways = Mapping[str, frozenset[Way]]
PlayAll = Callable[[Sequence[TrialSpec]], Iterable[Played]]


class Subject(msgspec.Struct, frozen=True):
    """An agent at work: ``target`` is a task or a scenario, ``agent`` None the scenario's own.

    The faults of ``standing`` are there whatever else is: some harm is done only on top of another.
    """

    target: str
    agent: AgentSpec | None = None
    standing: tuple[PlannedFault, ...] = ()

    @property
    def bases(self) -> list[TrialSpec]:
        """The trials without any other fault."""
        return bases_of(self.target, None if self.agent is None else [self.agent])

    def under(self, spec: TrialSpec) -> TrialSpec:
        """Return a trial with the standing faults behind its own."""
        return changed(spec, plan=FaultPlan(id=spec.plan.id, faults=(*spec.plan.faults, *self.standing)))


def panel() -> dict[str, Subject]:
    """Return all agents at work, each by its name and what is at stake for it."""
    reference, gullible = AgentSpec(name="reference"), _gullible()
    recalling = gullible.model_copy(update={"policy": {"context": {"recall": 2}}})
    never_looks_up = AgentSpec(name="never_looks_up", policy={"retry": {"look_up": []}})
    return {
        "reference at a desk": Subject("support_desk/settle_a_torn_lamp", reference),
        "reference with two payments": Subject("payables/pay_two_of_one_vendor", reference),
        "reference with a question": Subject("payables/discount_without_terms", reference),
        "reference with little time": Subject("limits/drain_within_130_seconds", reference),
        "reference with little money": Subject("limits/dose_for_16_thousandths", reference),
        "reference with few tokens": Subject("limits/dose_in_1054_tokens_out", reference),
        "reference with workers": Subject("handed_to_narrow_workers"),
        "gullible with a handbook": Subject("payables/new_iban_in_a_letter", gullible),
        "gullible with letters": Subject("payables/letters_then_a_remark", gullible),
        "gullible with a memory": Subject("payables/remember_a_wish", recalling),
        "no look-up after a lost answer": Subject("limits/drain_a_tank", never_looks_up, (LOST_ACKNOWLEDGEMENT,)),
        "no_keys": Subject("limits/dose_a_tank", _defective("no_keys")),
        "key_of_the_moment": Subject("limits/dose_a_tank", _defective("key_of_the_moment")),
        "yes_to_something_else": Subject("limits/drain_a_tank", _defective("yes_to_something_else")),
    }


def _defective(name: str) -> AgentSpec:
    return AgentSpec(name=name, parts=load_defects()[name].parts)


def _gullible() -> AgentSpec:
    """Return who does what a planted text says, with nobody there to stop it."""
    return AgentSpec(name="gullible", planner="gullible", without=("approval_gate", "untrusted_content_guard"))


def ways_to_fall_short(subjects: Mapping[str, Subject], kinds: Kinds, jobs: int = 1) -> Ways:
    """Return, for each kind, who falls short under it, and with which signatures."""
    ways: defaultdict[str, set[Way]] = defaultdict(set)
    with workers(jobs) as spread:
        for name, subject in subjects.items():
            for kind, signature in _shortfalls(subject, Memory(spread).play, kinds):
                ways[kind].add((name, signature))
    return {kind.name: frozenset(ways[kind.name]) for kind in by_name(kinds)}


def _shortfalls(subject: Subject, play: PlayAll, kinds: Kinds) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield kind and signature of each trial that its fault makes fall short, in another way than without it."""
    found = explore(subject.bases, lambda specs: play([subject.under(one) for one in specs]), kinds, depth=0, swarms=0)
    for case in found.cases:
        for one in case.of_depth(1):
            hit = one.played.fired[0] and one.played.outcome in SHORT
            if hit and one.played.signature != case.twin.signature:
                yield one.candidates[0].fault.kind, one.played.signature


def alike(ways: Ways) -> list[tuple[str, str]]:
    """Return the pairs of kinds under which everybody falls short in the same ways."""
    return [(one, other) for one, other in combinations(ways, 2) if ways[one] == ways[other]]


def table(ways: Ways) -> str:
    """Return a line for each kind: in how many ways the panel falls short, and the two whom fewest kinds harm."""
    harmed = {kind: {name for name, _ in found} for kind, found in ways.items()}
    often = Counter(name for names in harmed.values() for name in names)
    lines = ["kind                  ways  who falls short, for instance"]
    for kind, found in ways.items():
        two = sorted(harmed[kind], key=lambda name: (often[name], name))[:2]
        lines.append(f"{kind:<20}  {len(found):>4}  {', '.join(two) or 'nobody does'}")
    return "\n".join(lines)


def main() -> int:
    """Print the table, and the pairs of kinds that nobody can tell apart."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.distinct_faults", description=__doc__)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    ways = ways_to_fall_short(panel(), all_fault_kinds(), parser.parse_args().jobs)
    missed = alike(ways)
    print(table(ways))
    for one, other in missed:
        print(f"not told apart: {one} and {other}")
    print(PAIRS.format(len(ways), len(ways) * (len(ways) - 1) // 2 - len(missed), len(missed)))
    return int(bool(missed) or not all(ways.values()))


if __name__ == "__main__":
    sys.exit(main())
