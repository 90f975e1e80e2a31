"""Other agents: who takes over at the port ``agent``, each hand-off a run of its own under a narrow policy."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harness.boundary import (
    ROUND_TRIP_S,
    Call,
    Catalogue,
    Delivery,
    Reply,
    ToolSpec,
    argument_problems,
    failed,
    succeeded,
    unanswered,
)
from harness.content import Budget, WorkerSpec
from harness.history import digest
from harness.orchestrator import Outcome

PREFIX = "hand_to_"
Start = Callable[[str, str, Call, Budget], Awaitable[Outcome]]


class HandOff(BaseModel):
    """The arguments of a hand-off, as the one who hands over gives them."""

    model_config = ConfigDict(extra="forbid", strict=True)

    ask: str = Field(min_length=1, max_length=2_000)


def hand_off_tools(workers: Mapping[str, WorkerSpec]) -> Catalogue:
    """Return, for each worker, the tool through which work is handed to it."""
    return {
        f"{PREFIX}{name}": ToolSpec(f"{PREFIX}{name}", worker.description, HandOff, effect="write", port="agent")
        for name, worker in workers.items()
    }


class WorkerDesk:
    """Answers hand-offs: starts the worker's run, waits for it as long as the caller does, and reports its outcome.

    A run is named after its caller's run and the key of the hand-off: the same hand-off, delivered again, is the same
    run, so that a lost reply makes nothing be done twice. ``start`` runs (run id, worker, call, budget) to the end.
    """

    def __init__(self, workers: Collection[str], start: Start) -> None:
        self._workers = workers
        self._start = start
        self._runs: dict[str, asyncio.Task[Outcome]] = {}

    async def deliver(self, delivery: Delivery) -> Reply:
        """Hand the work over; an unknown outcome leaves the worker at work."""
        call = delivery.call
        worker = call.name.removeprefix(PREFIX)
        if worker not in self._workers:
            await asyncio.sleep(ROUND_TRIP_S)
            return failed("unavailable", f"there is no agent {worker!r}; known: {', '.join(self._workers) or 'none'}")
        run_id = f"{call.run_id}.{worker}.{digest(call.idempotency_key or delivery.address)[:6]}"
        if run_id not in self._runs:
            try:
                budget = Budget.model_validate(call.arguments.get("budget"))
            except ValidationError as error:
                return failed("validation", f"what is left of the budget is no budget: {argument_problems(error)}")
            self._runs[run_id] = asyncio.ensure_future(self._start(run_id, worker, call, budget))
        done, _ = await asyncio.wait([self._runs[run_id]], timeout=call.timeout_s)
        if not done:
            return unanswered(call.timeout_s)
        outcome = self._runs[run_id].result()
        if outcome.state != "completed":
            # Nobody can say from here what it has done by then.
            message = f"{worker} did not complete its work ({outcome.state}): {outcome.answer}"
            return Reply("unknown", None, "conflict", message)
        return succeeded({"state": outcome.state, "answer": outcome.answer})
