"""Mutants judged, each in a process of its own that is forked from a warm one."""

from __future__ import annotations

import logging
import multiprocessing
import os
import resource
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any

import msgspec

from benchmarks.mutation.mutant import Judgement, Mutant
from benchmarks.mutation.playing import Played, all_groups, play, rebuilt

CPU_LIMIT_S = 20.0
WALL_LIMIT_S = 120.0
MEMORY_LIMIT_BYTES = 8 << 30
Line = tuple[str, int]

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["benchmarks.mutation.warm", "benchmarks.mutation.judging"])


class Survey(msgspec.Struct, frozen=True):
    """How a group plays without a mutant, and which lines of the orchestrator it executes."""

    number: int
    group: str
    played: Played
    lines: frozenset[Line]


def survey(scenarios: Sequence[str] = ()) -> list[Survey]:
    """Play every group once, or those of some scenarios, and see what each reaches."""
    here, there = _CONTEXT.Pipe(duplex=False)
    process = _CONTEXT.Process(target=_survey, args=(there, scenarios))
    process.start()
    there.close()
    found: list[Survey] = here.recv()
    process.join()
    return found


def _survey(pipe: Connection, scenarios: Sequence[str]) -> None:
    run_trial = rebuilt()
    found = []
    for number, group in enumerate(all_groups()):
        if scenarios and group.scenario not in scenarios:
            continue
        trace = _LineTrace()
        sys.settrace(trace.begin)
        played = play(group, run_trial)
        sys.settrace(None)
        found.append(Survey(number, group.name, played, frozenset(trace.lines)))
    pipe.send(found)


class _LineTrace:
    """Notes the lines of the orchestrator that are executed."""

    def __init__(self) -> None:
        self.lines: set[Line] = set()

    def begin(self, frame: FrameType, _event: str, _argument: object) -> Any:
        folder, _, file = frame.f_code.co_filename.rpartition("/")
        if not folder.endswith("/harness/orchestrator"):
            return None
        module = file.removesuffix(".py")

        def line(frame: FrameType, _event: str, _argument: object) -> Any:
            self.lines.add((module, frame.f_lineno))
            return line

        return line(frame, _event, _argument)


class Court:
    """Judges mutants; it learns which groups are sensitive, and asks those first."""

    def __init__(self, surveys: Sequence[Survey], jobs: int) -> None:
        self._sound = [one for one in surveys if not one.played.unmet]
        self._digests = {one.number: one.played.digests for one in surveys}
        self._caught_by: Counter[tuple[str, str]] = Counter()
        self._jobs = jobs

    def judge_all(self, makers: Iterable[Callable[[], Mutant]]) -> Iterator[tuple[Mutant, Judgement]]:
        """Make mutants, and yield each with its judgement, in order."""

        def made_and_judged(make: Callable[[], Mutant]) -> tuple[Mutant, Judgement]:
            mutant = make()
            return mutant, self.judge(mutant)

        with ThreadPoolExecutor(self._jobs) as pool:
            yield from pool.map(made_and_judged, makers)

    def judge(self, mutant: Mutant) -> Judgement:
        """Play the groups against one mutant, until one falls short."""
        here, there = _CONTEXT.Pipe(duplex=False)
        process = _CONTEXT.Process(target=_judge, args=(there, mutant, self._order(mutant)))
        process.start()
        there.close()
        judgement = _received(here)
        process.kill()
        process.join()
        self._caught_by[mutant.module, judgement.by] += 1
        return judgement

    def _order(self, mutant: Mutant) -> list[int]:
        def hope(one: Survey) -> tuple[bool, int]:
            return _reaches(one, mutant), self._caught_by[mutant.module, one.group]

        return [one.number for one in sorted(self._sound, key=hope, reverse=True)]

    def is_reached(self, mutant: Mutant) -> bool:
        """Whether any group executes the statement that a mutant changes."""
        return any(_reaches(one, mutant) for one in self._sound)

    def is_visible(self, judgement: Judgement) -> bool:
        """Whether some history of a survivor differs."""
        return any(digests != self._digests[number] for number, digests in judgement.digests.items())


def _reaches(one: Survey, mutant: Mutant) -> bool:
    if mutant.lines is None:
        return True
    first, last = mutant.lines
    return any((mutant.module, line) in one.lines for line in range(first, last + 1))


def _received(pipe: Connection) -> Judgement:
    try:
        if not pipe.poll(WALL_LIMIT_S):
            return Judgement("timeout", how=f"{WALL_LIMIT_S:g} seconds")
        judgement: Judgement = pipe.recv()
    except EOFError:
        return Judgement("died", how="its process ended")
    return judgement


def _judge(pipe: Connection, mutant: Mutant, order: Sequence[int]) -> None:
    def give_up(_signal: int, _frame: FrameType | None) -> None:
        pipe.send(Judgement("timeout", how=f"{CPU_LIMIT_S:g} seconds of computing"))
        os._exit(0)  # nothing of a mutant that does not end is worth an orderly end

    logging.disable()  # tasks that end in an error are what is looked for here, and no news
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    signal.signal(signal.SIGPROF, give_up)
    signal.setitimer(signal.ITIMER_PROF, CPU_LIMIT_S)
    pipe.send(_judgement(mutant, order))


def _judgement(mutant: Mutant, order: Sequence[int]) -> Judgement:
    try:
        run_trial = rebuilt(mutant.path, mutant.source)
    except Exception as error:  # noqa: BLE001  # whatever it raises, there is nothing to play with
        return Judgement("stillborn", how=f"{type(error).__name__}: {error}")
    digests: dict[int, tuple[str, ...]] = {}
    for number in order:
        group = all_groups()[number]
        try:
            played = play(group, run_trial)
        except Exception as error:  # noqa: BLE001  # in a campaign this would be an error of the harness
            return Judgement("raised", group.name, f"{type(error).__name__}: {error}")
        if played.unmet:
            return Judgement("caught", group.name, played.unmet[0])
        digests[number] = played.digests
    return Judgement("survived", digests=digests)
