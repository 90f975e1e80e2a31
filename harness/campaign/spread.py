"""Work in chunks, in this process or in several; they change the speed, never a result."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager, redirect_stdout
from typing import Protocol, TypeVar

# Some dozens of trials of common length, or one that is very long.
OBJECTS_BETWEEN_COLLECTIONS = 100_000

Chunk = TypeVar("Chunk")
Result = TypeVar("Result")


class Spread(Protocol):
    """Works chunks off."""

    def __call__(self, work: Callable[[Chunk], Result], chunks: Sequence[Chunk]) -> Iterator[tuple[int, Result]]:
        """Return the number of each chunk with what came of it, as they are done; other processes begin at once."""


@contextmanager
def workers(jobs: int) -> Iterator[Spread]:
    """Keep ``jobs`` processes at hand, as soon as they are needed; one job is this process.

    ``work`` and the chunks have to be picklable.
    """
    if jobs == 1:
        yield _here
        return
    # Fresh interpreters: a fork would inherit the threads of the Arrow library.
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), initializer=_end_with_the_parent)

    def elsewhere(work: Callable[[Chunk], Result], chunks: Sequence[Chunk]) -> Iterator[tuple[int, Result]]:
        if len(chunks) == 1:
            return _here(work, chunks)
        with _interrupts_left_to_the_parent():
            futures = {pool.submit(_done, work, chunk): number for number, chunk in enumerate(chunks)}
        return ((futures[future], future.result()) for future in as_completed(futures))

    try:
        yield elsewhere
    except BaseException:
        # Nobody waits for the rest any more, least of all who pressed Ctrl-C.
        for process in list((pool._processes or {}).values()):  # noqa: SLF001  # there is no public way before 3.14
            process.terminate()
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def _end_with_the_parent() -> None:
    """Watch, in a worker, for a parent that was killed: it would wait for its next chunk for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, name="watches the parent", daemon=True).start()


def _here(work: Callable[[Chunk], Result], chunks: Sequence[Chunk]) -> Iterator[tuple[int, Result]]:
    return ((number, _done(work, chunk)) for number, chunk in enumerate(chunks))


def _done(work: Callable[[Chunk], Result], chunk: Chunk) -> Result:
    """Work a chunk off; meanwhile the garbage collector passes over all that was there before, which is most.

    It comes seldom, and at the end of the chunk: by then most of what was made has gone by itself; and once garbage is
    among the old things, hardly anything would lead there.
    """
    young, *older = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(max(young, OBJECTS_BETWEEN_COLLECTIONS), *older)
    try:
        with redirect_stdout(sys.stderr):  # what an agent prints is no part of the results
            return work(chunk)
    finally:
        gc.collect()
        gc.unfreeze()
        gc.set_threshold(young, *older)


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
