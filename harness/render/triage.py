"""What triage found, as Markdown: for a pull request, an issue, or a person with a text editor."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import yaml

from harness.render.numbers import percent
from harness.render.text import shown, words
from harness.statistics import Interval
from harness.store import write_whole
from harness.triage import Attribution, Causality, Enriched, Explained, Triage

JSON_FILE, MARKDOWN_FILE = "triage.json", "triage.md"
TOLD_MAX = 20  # facts of a list that are written out
LONGEST = 300


def write_triage(found: Triage, folder: Path) -> tuple[Path, Path]:
    """Write triage.json and triage.md into a folder and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / JSON_FILE, folder / MARKDOWN_FILE
    write_whole(paths[0], msgspec.json.format(msgspec.json.encode(found, order="deterministic"), indent=2) + b"\n")
    write_whole(paths[1], render_triage(found).encode())
    return paths


def render_triage(found: Triage) -> str:
    """Return the page of a triage."""
    return "\n".join(_page(found)) + "\n"


def _page(found: Triage) -> Iterator[str]:
    against = code(found.baseline) if found.baseline else "the trials' twins without faults"
    yield "# Triage"
    yield f"\n{code(found.candidate)} against {against}: {found.trials} trials, brain {', '.join(found.brains)}."
    yield ""
    yield from _table(("transition", "trials"), ((words(name), count) for name, count in found.transitions.items()))
    for rank, one in enumerate(found.clusters, 1):
        yield from _cluster(rank, one)
    if found.unexplained:
        yield "\n## Clusters that were not looked into\n"
        yield from _table(
            ("cluster", "trials", "what"), ((one.id, one.failures, one.title) for one in found.unexplained)
        )
    yield from _enriched(found.enriched)
    if found.flaky:
        yield "\n## Flaky cells\n"
        flaky = (
            (one.arm, one.task_id, one.fault_plan_id, f"{one.passed} of {one.trials}", interval(one.interval))
            for one in found.flaky
        )
        yield from _table(("side", "task", "fault plan", "passed", "95 %"), flaky)


def _cluster(rank: int, one: Explained) -> Iterator[str]:
    cluster = one.cluster
    yield f"\n## {rank}. {code(cluster.title)}\n"
    yield from (f"- {line}" for line in facts(one))
    if one.lines:
        yield f"\nTrial {cluster.example}, the baseline on the left:\n"
        rows = ((line.step, "" if line.same else "≠", code(line.baseline), code(line.candidate)) for line in one.lines)
        yield from _table(("step", "", "baseline", "candidate"), rows)
    if one.attribution and one.attribution.swaps:
        yield "\nWhat is the candidate's, and how it goes:\n"
        yield from _table(("the candidate's", "result"), _swaps(one.attribution))
    if one.causality and one.causality.points:
        yield "\nHow likely this failure is, given what went before:\n"
        yield from _table(("rewound to", "fails", "95 %"), _curve(one.causality))
    if one.reproduction and one.reproduction.faults:
        yield "\nThe smallest plan that fails in this way:\n"
        plan = yaml.safe_dump([*one.reproduction.faults], sort_keys=False, default_flow_style=None, width=100)
        yield f"```yaml\n{shown(plan.rstrip())}\n```"
    yield f"\n```sh\n{one.commands.show}\n{one.commands.replay}\n{one.commands.shrink}\n{one.commands.bisect}\n```"


def facts(one: Explained) -> Iterator[str]:
    """Yield what is known of a cluster, a line each."""
    cluster = one.cluster
    share = f"{cluster.failures} of {cluster.opportunities} trials ({interval(cluster.interval)})"
    yield f"{share}, severity {cluster.severity}, cluster {cluster.id}"
    yield f"tasks: {listed(cluster.tasks)}"
    yield f"fault kinds: {listed(cluster.fault_kinds)}"
    if one.divergence:
        unlike = one.divergence
        yield f"first different step, {words(unlike.kind)}: {code(one.words)}"
        seen = "what it had seen was the same" if unlike.inputs_equal else f"before it, {unlike.because}"
        yield f"made by: {unlike.author}; {seen}"
    if one.attribution:
        yield f"attribution: {attributed(one.attribution)}"
    if one.causality:
        yield causal(one.causality)
    if one.reproduction:
        yield reproduced(one)
    yield from one.notes


def attributed(found: Attribution) -> str:
    """Say what made a trial fail, and how that is known."""
    if found.basis == "fork":
        where = (
            f", where {', '.join(found.fields)} differs"
            if found.fields
            else ", by its code: the specs do not make the difference"
        )
        return f"{found.axis} (from the first different step{where})"
    how = "alone turns pass into fail" if found.basis == "swap" else "turn pass into fail together"
    return f"{found.axis} ({', '.join(found.fields)} {how})"


def causal(found: Causality) -> str:
    """Say which step decided."""
    if found.step is None:
        return "causality: no step stands out; chance decides little here"
    return f"causality: step {found.step} decides; the failure becomes {percent(found.rise)} likelier by it"


def reproduced(one: Explained) -> str:
    """Say what the smallest plan is."""
    found = one.reproduction
    assert found is not None
    if not found.faults:
        return "smallest plan: none; it fails without any fault"
    kinds = ", ".join(f"{fault['kind']} at {fault.get('at', 'the world')}" for fault in found.faults)
    return f"smallest plan: {len(found.faults)} of {found.planned} faults ({kinds}), after {found.replays} replays"


def _swaps(found: Attribution) -> Iterator[Sequence[Any]]:
    for swap in found.swaps:
        same = "" if swap.state != "bad" or swap.same_failure else ", in another way"
        yield ", ".join(swap.fields) or "nothing", f"{swap.state}{same}{': ' + swap.note if swap.note else ''}"


def _curve(found: Causality) -> Iterator[Sequence[Any]]:
    for point in found.points:
        place = "the end" if point.step is None else f"before step {point.step}"
        yield place, f"{point.failures} of {point.branches}", interval(point.interval)


def _enriched(enriched: Sequence[Enriched]) -> Iterator[str]:
    if enriched:
        yield "\n## More often in failing trials\n"
        rows = (
            (
                one.what,
                one.name,
                f"{one.failing} of {one.failing_of}",
                f"{one.passing} of {one.passing_of}",
                f"{one.q:.2g}",
            )
            for one in enriched[:TOLD_MAX]
        )
        yield from _table(("what", "which", "failing", "passing", "q"), rows)


def interval(found: Interval) -> str:
    """Write an interval of a rate."""
    return f"{percent(found.low)} to {percent(found.high)}"


def listed(names: Sequence[str]) -> str:
    """Write a list, of a long one its beginning."""
    more = f" and {len(names) - TOLD_MAX} more" if len(names) > TOLD_MAX else ""
    return ", ".join(names[:TOLD_MAX]) + more if names else "none"


def code(text: str) -> str:
    """Return untrusted text as a span of code on one line, in which nothing means anything."""
    line = " ".join(shown(text).split())
    line = line if len(line) <= LONGEST else f"{line[:LONGEST]}…"
    if not line:
        return ""
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", line)), default=0))
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def _table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(_cell(one) for one in row)} |"


def _cell(value: object) -> str:
    return " ".join(shown(str(value)).split()).replace("|", "\\|")
