"""Many trials, in chunks, in one process or several; each chunk becomes one part of every table."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.campaign.inputs import InputDigests
from harness.campaign.rows import rows_of
from harness.campaign.specs import TrialSpec
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
    chunks = [specs[start : start + TRIALS_PER_CHUNK] for start in range(0, len(specs), TRIALS_PER_CHUNK)]
    if jobs == 1 or len(chunks) == 1:
        for part, chunk in enumerate(chunks):
            report(run_chunk(folder, part, chunk))
        return
    _run_in_processes(chunks, folder, jobs, report)


def _run_in_processes(chunks: list[Sequence[TrialSpec]], folder: Path, jobs: int, report: Progress) -> None:
    # Fresh interpreters: a fork would inherit the threads of the Arrow library.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(jobs, len(chunks)), context)
    try:
        with _interrupts_left_to_the_parent():
            futures = [pool.submit(run_chunk, folder, part, chunk) for part, chunk in enumerate(chunks)]
        for future in as_completed(futures):
            report(future.result())
    except BaseException:
        # Nobody waits for the rest any more, least of all who pressed Ctrl-C.
        for process in list((pool._processes or {}).values()):  # noqa: SLF001  # there is no public way before 3.14
            process.terminate()
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


@contextmanager
def _interrupts_left_to_the_parent() -> Iterator[None]:
    """Let every process that starts meanwhile ignore Ctrl-C from its first moment on.

    Only the main thread can do that; what another one starts hears of Ctrl-C, and says so before it ends.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def run_chunk(folder: Path, part: int, specs: Sequence[TrialSpec]) -> int:
    """Run, score and store some trials as one part; return how many."""
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
