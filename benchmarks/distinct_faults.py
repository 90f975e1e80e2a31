"""Which kinds of faults differ in what they do to agents.

    python -m benchmarks.distinct_faults [--jobs N]

A panel of agents, the reference orchestrator and others that lack one of its parts, meets every single fault. Two kinds
are distinct when some agent fails under them in different ways, by its failure signatures. It ends with 1 when two are
not, or when no agent fails under one at all.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import combinations

from benchmarks.defects import load_defects
from harness.campaign import TrialSpec, workers
from harness.content import AgentSpec, all_fault_kinds
from harness.exploration import Memory, bases_of, explore
from harness.exploration.candidates import by_name
from harness.orchestrator import WITHOUT

TASKS = ("support_desk/settle_a_torn_lamp", "support_desk/bowls_in_shards", "payables/discount_without_terms")
# What the desk has not: workers to hand over to, a memory, rights.
SCENARIOS = ("handed_to_narrow_workers", "recalled_at_the_start", "right_of_the_user", "supervisor_decides")
DEFECTS = ("half_an_answer_will_do", "silence_is_failure", "approval_without_arguments", "planner_is_believed")
HURRIED_S = 150.0  # enough without a fault; most of it is the wait for a person

Ways = frozenset[tuple[str, str, tuple[str, ...]]]


def panel() -> list[TrialSpec]:
    """Return the trials without faults of all agents of the panel."""
    defects = load_defects()
    agents = [AgentSpec(name="reference")]
    agents += [AgentSpec(name=f"without_{part}", without=(part,)) for part in WITHOUT]
    agents += [AgentSpec(name=name, parts=defects[name].parts) for name in DEFECTS]
    # Who does what a planted text says, and who has little time.
    agents += [AgentSpec(name="gullible", planner="gullible", without=("approval_gate", "untrusted_content_guard"))]
    agents += [AgentSpec(name="hurried", policy={"budget": {"deadline_s": HURRIED_S}})]
    return [base for task in TASKS for base in bases_of(task, agents)] + [
        base for scenario in SCENARIOS for base in bases_of(scenario)
    ]


def ways_to_fail(bases: Iterable[TrialSpec], jobs: int) -> Mapping[str, Ways]:
    """Return, for each kind, how agents fall short under it: agent, task and signature."""
    kinds = all_fault_kinds()
    with workers(jobs) as spread:
        tried = explore(list(bases), Memory(spread).play, kinds, depth=0).tried
    ways: defaultdict[str, set[tuple[str, str, tuple[str, ...]]]] = defaultdict(set)
    for one in tried:
        if "verdict passed" not in one.played.signature and any(one.played.fired):
            ways[one.candidates[0].fault.kind].add((one.spec.agent.name, one.spec.task_id, one.played.signature))
    return {kind.name: frozenset(ways[kind.name]) for kind in by_name(kinds) if kind.variants}


def main() -> int:
    """Print the pairs of kinds that nobody can tell apart."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.distinct_faults", description=__doc__)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    ways = ways_to_fail(panel(), parser.parse_args().jobs)
    alike = [pair for pair in combinations(ways, 2) if ways[pair[0]] == ways[pair[1]]]
    for kind, found in ways.items():
        agents = ", ".join(sorted({agent for agent, _, _ in found}))
        print(f"{kind}: {len(found)} ways to fall short; {agents or 'nobody does'}")
    for one, other in alike:
        print(f"not told apart: {one} and {other}")
    print(f"{len(ways)} kinds, {len(ways) * (len(ways) - 1) // 2 - len(alike)} pairs told apart, {len(alike)} not")
    return int(bool(alike) or not all(ways.values()))


if __name__ == "__main__":
    sys.exit(main())
