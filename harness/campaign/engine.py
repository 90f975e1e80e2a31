"""Many trials, in chunks, in one process or several; each chunk becomes one part of every table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from harness.campaign.inputs import InputDigests
from harness.campaign.judging import judge
from harness.campaign.rows import rows_of
from harness.campaign.specs import Family, TrialSpec
from harness.campaign.spread import workers
from harness.campaign.trial import run_trial
from harness.content import all_fault_kinds
from harness.store import SCHEMAS, write_inputs, write_part

TRIALS_PER_CHUNK = 50

Progress = Callable[[int], None]


def run_campaign(specs: Sequence[TrialSpec], folder: Path, *, jobs: int = 1, progress: Progress | None = None) -> None:
    """Run all trials and write them to ``folder``; ``progress`` hears how many more are done.

    What is written does not depend on ``jobs``.
    """
    report = progress or (lambda _count: None)
    chunks = list(enumerate(_chunks(specs)))
    with workers(min(jobs, len(chunks)) or 1) as spread:
        for _, count in spread(partial(run_chunk, folder), chunks):
            report(count)


def _chunks(specs: Sequence[TrialSpec]) -> list[list[TrialSpec]]:
    """Divide trials so that each stands in one chunk with its fault-free twin, with which it is compared.

    Twins stay together, each family where its first trial stands; a chunk is full with TRIALS_PER_CHUNK, or as soon as
    the next family would not fit in.
    """
    families: dict[Family, list[TrialSpec]] = {}
    for spec in specs:
        families.setdefault(spec.family, []).append(spec)
    chunks: list[list[TrialSpec]] = [[]]
    for family in families.values():
        if chunks[-1] and len(chunks[-1]) + len(family) > TRIALS_PER_CHUNK:
            chunks.append([])
        chunks[-1] += family
    return chunks if specs else []


def run_chunk(folder: Path, chunk: tuple[int, Sequence[TrialSpec]]) -> int:
    """Run, score and store some trials as one part; return how many."""
    part, specs = chunk
    kinds = all_fault_kinds()
    digests = InputDigests()
    tables: dict[str, list[tuple[Any, ...]]] = {name: [] for name in SCHEMAS}
    results = [run_trial(spec, kinds) for spec in specs]
    cards = judge([(one.spec, one.record) for one in results], {})
    for result, card in zip(results, cards, strict=True):
        for table, rows in rows_of(result, card, digests.of(result.record)).items():
            tables[table].extend(rows)
    write_inputs(folder, digests.values.values())
    for table, rows in tables.items():
        write_part(folder, table, part, rows)
    return len(specs)
