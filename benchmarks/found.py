"""What exploration finds in the example agents: explored, shrunk, saved as regressions, and written to docs/found.md.

python -m benchmarks.found [--jobs N]
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
import yaml

from harness.campaign import run_trial, workers
from harness.content import AgentSpec, all_fault_kinds
from harness.exploration import BLAMED, Memory, Played, Shrunk, bases_of, explore, failing, play, save, shrink
from harness.exploration.case import Tried
from harness.scoring import score

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "found.md"
AGENTS = ("examples.retry_loop:agent", "examples.skeleton:agent")
TASKS = ("support_desk/bowls_in_shards", "support_desk/two_orders_two_refunds")
TRIALS = 4_000
LINES_SHOWN = 6
HEAD = """\
# What exploration found

Two agents in `examples/`, written as such agents are: [a loop that retries](../examples/retry_loop.py) and
[a small orchestrator](../examples/skeleton.py). `harness explore` was given
{tasks},
the names of the agents, {trials:,} trials for each, and no hint. Every set of rules that was broken is here once,
with the smallest plan that breaks it. The first command plays it again, and ends with 1 as long as the agent has
the defect; the second one looks for it from the beginning. What an agent does wrong without any fault is left out:
the first one never asks for approval.

This page is written by `python -m benchmarks.found`.
"""


class Found(msgspec.Struct, frozen=True):
    """One defect of one agent: the rules that are broken, the smallest failing trial, and where it is kept."""

    agent: str
    rules: tuple[str, ...]
    task: str
    shrunk: Shrunk
    said: tuple[str, ...]
    path: Path


def rules_of(played: Played) -> tuple[str, ...]:
    """Return what is broken, whichever the tool; an end without a word and a false claim of success count as well."""
    broken = {fact.split()[1] for fact in played.signature if fact.startswith("violation ")}
    if played.outcome == "failed":
        crashed = "terminal_state crashed" in played.signature
        broken.add("ends_without_a_word" if crashed else "claims_what_was_not_done")
    return tuple(sorted(broken))


def defects_of(agent: str, jobs: int) -> Iterator[Found]:
    """Explore one agent, and yield the smallest failure of each sort."""
    spec = AgentSpec(name=agent, agent=agent)
    bases = [base for task in TASKS for base in bases_of(task, [spec])]
    with workers(jobs) as spread:
        exploration = explore(bases, Memory(spread).play, all_fault_kinds(), budget=TRIALS)
    clean = {rule for case in exploration.cases for rule in rules_of(case.twin)}
    blamed = [one for one in failing(exploration.tried) if one.played.outcome in BLAMED]
    for one, rules in _first_of_each(blamed, clean):
        shrunk = shrink(one.spec, play, all_fault_kinds())
        said = score(run_trial(shrunk.after).record).reasons
        yield Found(agent, rules, f"{one.spec.domain}/{one.spec.task_id}", shrunk, said, save(shrunk))


def _first_of_each(tried: Sequence[Tried], clean: set[str]) -> Iterator[tuple[Tried, tuple[str, ...]]]:
    """Yield the first trial of each set of rules that faults alone bring about.

    A swarm can break at once what others break one by one, so it counts only when it breaks something else.
    """
    seen: set[tuple[str, ...]] = set()
    for one in tried:
        rules = tuple(rule for rule in rules_of(one.played) if rule not in clean)
        known = {rule for some in seen for rule in some}
        if rules and rules not in seen and not (one.attempt.is_swarm and known.issuperset(rules)):
            seen.add(rules)
            yield one, rules


def page(found: Iterable[Found]) -> str:
    """Return the page."""
    head = HEAD.format(tasks=" and ".join(f"`{task}`" for task in TASKS), trials=TRIALS)
    return head + "".join(_section(one) for one in found)


def _section(one: Found) -> str:
    faults = [fault.model_dump(mode="json", exclude_defaults=True) for fault in one.shrunk.after.plan.faults]
    plan = yaml.safe_dump(faults, sort_keys=False, default_flow_style=None, width=110).rstrip()
    return f"""
## {one.agent.partition(":")[0]}: {", ".join(rule.replace("_", " ") for rule in one.rules)}

{one.task}, shrunk in {one.shrunk.replays} replays to

```yaml
{plan}
```

{_told(one.said)}

```text
harness run {one.path.relative_to(ROOT)}
harness explore {one.task} --agent {one.agent}
```
"""


def _told(said: Sequence[str]) -> str:
    """List each line once, with how often it was said."""
    lines = [line if times == 1 else f"{line} ({times} times)" for line, times in Counter(said).items()]
    more = [f"and {len(lines) - LINES_SHOWN} more"] if len(lines) > LINES_SHOWN else []
    return "\n".join(f"- {line[:300]}" for line in [*lines[:LINES_SHOWN], *more])


def main() -> None:
    """Explore, shrink, save and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.found", description=__doc__)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    jobs = parser.parse_args().jobs
    found = [one for agent in AGENTS for one in defects_of(agent, jobs)]
    PAGE.write_text(page(found), encoding="utf-8")
    for one in found:
        print(f"{one.agent}: {', '.join(one.rules)}, {len(one.shrunk.after.plan.faults)} faults, {one.path.name}")


if __name__ == "__main__":
    main()
