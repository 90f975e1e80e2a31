"""Runs that are begun, resumed, looped or ended wrongly."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec

from benchmarks.defects.caught import Caught
from harness.boundary import Call, Reply, Session
from harness.orchestrator import Entry, MemoryRunLog, Outcome, Parts, Policy, RunLog, parts_without
from harness.orchestrator.carrier import Carrier
from harness.orchestrator.contracts import StrictContracts
from harness.orchestrator.durable import Durable
from harness.orchestrator.fallbacks import Fallbacks
from harness.orchestrator.gateway import Gateway
from harness.orchestrator.halts import Halt
from harness.orchestrator.loops import RepeatGuard
from harness.orchestrator.run import Run
from harness.planners import Context, Contract, Observation, Role, ToolRequest


class _OneByOne(Gateway):
    """Reads one thing after the other."""

    async def _read_all(self, requests: list[ToolRequest], confidence: float, step: int) -> None:
        for request in requests:
            self.observations.append(await self.execute(request, confidence, step))


reads_one_by_one = Parts(gateway=_OneByOne)


class _CrowdOfReads(Gateway):
    """Reads everything at one time, however much it is."""

    def __init__(self, run: Run, carrier: Carrier) -> None:
        super().__init__(run, carrier)
        self._places = asyncio.Semaphore(sys.maxsize)


reads_without_bound = Parts(gateway=_CrowdOfReads)


class _AllAtOnce(Gateway):
    """Sends everything that a turn asks for at one time, whatever has to wait for what."""

    async def execute_all(self, requests: tuple[ToolRequest, ...], confidence: float, step: int) -> None:
        calls = (self.execute(request, confidence, step) for request in requests)
        self.observations += await asyncio.gather(*calls)


everything_at_once = Parts(gateway=_AllAtOnce)


class _AnswersFirst(StrictContracts):
    """Takes an answer for the end, and drops the calls beside it."""

    def read(self, role: Role, value: Any) -> Contract:
        answers = isinstance(value, dict) and value.get("answer") is not None
        return super().read(role, {**value, "calls": []} if answers else value)


calls_beside_an_answer_are_dropped = Parts(contracts=_AnswersFirst)

no_loop_guard = parts_without(["loop_guard"])


class _SuspiciousGuard(RepeatGuard):
    """Forgets nothing after a write, so that looking again is a loop."""

    def saw(self, observation: Observation, *, wrote: bool) -> None:
        pass


looking_again_is_a_loop = Parts(loops=_SuspiciousGuard)


class _ForgetfulGuard(RepeatGuard):
    """Forgets what was asked before after every write, also after one that did not work."""

    def saw(self, observation: Observation, *, wrote: bool) -> None:
        super().saw(msgspec.structs.replace(observation, status="ok"), wrote=wrote)


failed_writes_excuse_loops = Parts(loops=_ForgetfulGuard)


class _NeighbourGuard(RepeatGuard):
    """Sees a loop only where nothing stands between equal requests."""

    def __init__(self, policy: Policy, session: Session) -> None:
        super().__init__(policy, session)
        self._former: ToolRequest | None = None

    def check(self, request: ToolRequest, step: int) -> None:
        former, self._former = self._former, request
        if former is None or (former.tool, former.arguments) != (request.tool, request.arguments):
            self._asked.clear()
        super().check(request, step)


loops_in_a_row_only = Parts(loops=_NeighbourGuard)


class _RaisingFallbacks(Fallbacks):
    """Ends a run with an exception that reaches the caller."""

    async def fall_back(self, halt: Halt, _context: Context) -> Outcome:
        raise RuntimeError(str(halt))


halt_is_an_exception = Parts(fallbacks=_RaisingFallbacks)


class _WordlessFallbacks(Fallbacks):
    """Ends a run without a word about what was done."""

    async def fall_back(self, halt: Halt, context: Context) -> Outcome:
        outcome = await super().fall_back(halt, context)
        return Outcome(outcome.state, "Something went wrong.")


halt_without_account = Parts(fallbacks=_WordlessFallbacks)

always_synchronous = Parts(mode=lambda _policy, _catalogue: "synchronous")


class _Amnesia(Durable):
    """Begins from nothing after every crash, whatever the log holds."""

    def __init__(self, session: Session, log: RunLog) -> None:
        super().__init__(replace(session, log="lost"), log)


log_is_not_read = Parts(life=_Amnesia)


class _LateLog(MemoryRunLog):
    """Is written when an answer is there, and not before something is sent."""

    def append(self, run_id: str, entry: Entry) -> None:
        if entry.kind != "sent":
            super().append(run_id, entry)


log_is_written_afterwards = Parts(log=_LateLog)


class _UnmarkedLoss(MemoryRunLog):
    """Does not note that what was written before is gone."""

    def append(self, run_id: str, entry: Entry) -> None:
        if entry.kind != "lost":
            super().append(run_id, entry)


lost_log_comes_back = Parts(log=_UnmarkedLoss)


class _FreshDeadline(Durable):
    """Lets the time of a run begin anew with each life."""

    def __init__(self, session: Session, log: RunLog) -> None:
        super().__init__(session, log)
        self.began_at_s = self._real.now()

    def now(self) -> float:
        return self._real.now()


crash_moves_the_deadline = Parts(life=_FreshDeadline)


class _WallClock(Durable):
    """Measures deadlines by a clock that can be set."""

    def __init__(self, session: Session, log: RunLog) -> None:
        super().__init__(session, log)
        self._real = session.clock


deadline_by_the_wall_clock = Parts(life=_WallClock)


class _HopefulLife(Durable):
    """Takes a call whose answer was lost in a crash for one that has failed."""

    async def _send(self, call: Call) -> Reply:
        reply = await super()._send(call)
        return msgspec.structs.replace(reply, status="failed") if "process died" in reply.message else reply


crash_is_a_failure = Parts(life=_HopefulLife)


class _WaitsAgain(Durable):
    """Waits once more for what was waited for in its former life."""

    async def sleep(self, seconds: float) -> None:
        await self._real.sleep(seconds)


waits_are_repeated = Parts(life=_WaitsAgain)


class _LearnsAgain(Durable):
    """Takes what it reads in its log for news, and tells all other runs."""

    async def _send(self, call: Call) -> Reply:
        reply = await super()._send(call)
        self.answers_from_log = False
        return reply


replay_is_taken_for_news = Parts(life=_LearnsAgain)


class _DecidesAgain(Durable):
    """Asks its breakers what they think now of what it did then."""

    async def refuses(self, _what: str, refused_now: Callable[[], bool]) -> bool:
        return refused_now()


replay_asks_breakers_anew = Parts(life=_DecidesAgain)

DEFECTS = {
    "reads_one_by_one": Caught("parallel_reads", "L16"),
    "reads_without_bound": Caught("parallel_reads", "L16"),
    "everything_at_once": Caught("parallel_reads", "L16", "L1"),
    "calls_beside_an_answer_are_dropped": Caught("run_loop", "L1", "D2"),
    "no_loop_guard": Caught("runaway_loop", "D1"),
    "looking_again_is_a_loop": Caught("rereads_after_writes", "D1"),
    "failed_writes_excuse_loops": Caught("rereads_after_writes", "D1"),
    "loops_in_a_row_only": Caught("loop_of_two", "D1"),
    "halt_is_an_exception": Caught("budgets_of_a_run", "L8"),
    "halt_without_account": Caught("budgets_of_a_run", "L8"),
    "always_synchronous": Caught("run_modes", "R2", "R1"),
    "log_is_not_read": Caught("crash_and_resume", "R20", "D9"),
    "log_is_written_afterwards": Caught("crash_and_resume", "R20"),
    "lost_log_comes_back": Caught("crash_without_log", "R20"),
    "deadline_by_the_wall_clock": Caught("deadlines", "R8"),
    "crash_moves_the_deadline": Caught("crash_and_resume", "R20", "R8"),
    "crash_is_a_failure": Caught("crash_and_resume", "D9", "L6"),
    "waits_are_repeated": Caught("crash_and_resume", "R20"),
    "replay_is_taken_for_news": Caught("crash_is_paid_once", "R20", "R9"),
    "replay_asks_breakers_anew": Caught("crash_beside_open_breaker", "R20", "L4"),
}
