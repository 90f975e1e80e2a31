"""Many trials, in chunks, in one process or several; each chunk becomes one part of every table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from harness.campaign.inputs import InputDigests
from harness.campaign.rows import rows_of
from harness.campaign.specs import TrialSpec
from harness.campaign.spread import workers
from harness.campaign.trial import run_trial
from harness.content import all_fault_kinds
from harness.scoring import score
from harness.store import SCHEMAS, write_inputs, write_part

TRIALS_PER_CHUNK = 50

Progress = Callable[[int], None]


def run_campaign(specs: Sequence[TrialSpec], folder: Path, *, jobs: int = 1, progress: Progress | None = None) -> None:
    """Run all trials and write them to ``folder``; ``progress`` hears how many more are done.

    What is written does not depend on ``jobs``.
    """
    report = progress or (lambda _count: None)
    chunks = [
        (part, specs[start : start + TRIALS_PER_CHUNK])
        for part, start in enumerate(range(0, len(specs), TRIALS_PER_CHUNK))
    ]
    with workers(min(jobs, len(chunks)) or 1) as spread:
        for _, count in spread(partial(run_chunk, folder), chunks):
            report(count)


def run_chunk(folder: Path, chunk: tuple[int, Sequence[TrialSpec]]) -> int:
    """Run, score and store some trials as one part; return how many."""
    part, specs = chunk
    kinds = all_fault_kinds()
    digests = InputDigests()
    tables: dict[str, list[tuple[Any, ...]]] = {name: [] for name in SCHEMAS}
    for spec in specs:
        result = run_trial(spec, kinds)
        for table, rows in rows_of(result, score(result.record, spec.expect), digests.of(result.record)).items():
            tables[table].extend(rows)
    write_inputs(folder, digests.values.values())
    for table, rows in tables.items():
        write_part(folder, table, part, rows)
    return len(specs)
