"""Budgets that were overshot: by which event first, and how far; a cut binds what is spent from then on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

import msgspec

from harness.history import Event
from harness.scoring.calls import TOOL_PORTS
from harness.scoring.record import Record

_BUDGETED_PORTS = (*TOOL_PORTS, "memory", "agent")  # what a planner can call; the rest is the control's own
_CALL_BEGINS = ("model_call_started", "tool_call_started")
_SLACK = 1e-6  # of sums of fractions, and of clocks that count from 1970
Losses = Mapping[str | None, Sequence[int]]


class Overshoot(msgspec.Struct, frozen=True):
    """The event by which a run had used up more than it was allowed."""

    event: Event
    used: float
    limit: float
    unit: str


class Spending(msgspec.Struct, frozen=True):
    """What a run has used up by an event; ``since`` is the number of the event with which this began to be spent."""

    event: Event
    used: float
    since: int


def overshoots(record: Record) -> Iterator[Overshoot]:
    """Yield, for each budget and each run, the first event by which more was used up than allowed.

    What was begun before a cut is judged by the budget of that time. Deadlines are not cut. A run that has lost its log
    begins anew: nobody can tell it what it has spent.
    """
    budget = record.task.budget
    for spent, limit, unit in (
        (_attempts(record), budget.max_tool_calls, "tool calls"),
        (_steps(record), budget.max_steps, "steps"),
        (_tokens_in(record), budget.max_tokens_in, "input tokens"),
        (_tokens_out(record), budget.max_tokens_out, "output tokens"),
        (_cost(record), budget.max_cost_usd, "USD"),
    ):
        yield from _first_beyond(spent, partial(_allowed, record, limit), unit)
    yield from _first_beyond(_seconds(record), lambda _since: budget.deadline_s, "s")


def _allowed(record: Record, limit: float, seq: int) -> float:
    """Return a limit as it stood when an event happened."""
    cuts = record.of("budgets_scaled")
    factors = [one.payload["factor"] for one in cuts if one.seq < seq] if cuts else []
    return limit * factors[-1] if factors else limit


def _first_beyond(spent: Iterable[Spending], limit: Callable[[int], float], unit: str) -> Iterator[Overshoot]:
    beyond: set[str | None] = set()
    for one in spent:
        allowed = limit(one.since)
        if one.used > allowed + _SLACK and one.event.run_id not in beyond:
            beyond.add(one.event.run_id)
            yield Overshoot(one.event, one.used, allowed, unit)


def _losses(record: Record) -> Losses:
    """Return the numbers of the events by which each run lost its log."""
    lost: defaultdict[str | None, list[int]] = defaultdict(list)
    for hit in record.of("fault_injected"):
        if record.plan.faults[hit.payload["fault"]].options.get("log") == "lost":
            lost[hit.run_id].append(hit.seq)
    return lost


def _forgot(losses: Losses, run_id: str | None, seq: int) -> int:
    """Return the number of the event by which a run last lost its log before ``seq``; -1 where it never did."""
    if not losses:
        return -1
    return max((one for one in losses.get(run_id, ()) if one < seq), default=-1)


def _running_total(record: Record, events: Sequence[Event], cost: Callable[[Event], float]) -> Iterator[Spending]:
    losses = _losses(record)
    totals: dict[tuple[str | None, int], float] = {}
    for event in events:
        if (more := cost(event)) > 0:
            since = event.payload.get("call", event.seq)
            life = event.run_id, _forgot(losses, event.run_id, since)
            totals[life] = totals.get(life, 0.0) + more
            yield Spending(event, totals[life], since)


def _attempts(record: Record) -> Iterator[Spending]:
    calls = [event for event in record.of("tool_call_started") if event.port in _BUDGETED_PORTS]
    return _running_total(record, calls, lambda _event: 1.0)


def _tokens_in(record: Record) -> Iterator[Spending]:
    return _running_total(record, _model_ends(record), lambda event: float(event.tokens_in or 0))


def _tokens_out(record: Record) -> Iterator[Spending]:
    return _running_total(record, _model_ends(record), lambda event: float(event.tokens_out or 0))


def _cost(record: Record) -> Iterator[Spending]:
    return _running_total(record, _model_ends(record), lambda event: event.cost_usd or 0.0)


def _model_ends(record: Record) -> list[Event]:
    return record.of("model_call_completed", "model_call_failed")


def _steps(record: Record) -> Iterator[Spending]:
    """Yield each end of a run with its last step."""
    losses = _losses(record)
    for end in record.of("run_completed"):
        if end.step is not None:
            forgot = _forgot(losses, end.run_id, end.seq)
            events = [one for one in record.events if one.run_id == end.run_id and one.seq > forgot]
            yield Spending(end, float(end.step), _beginning_of_step(end.step, events))


def _beginning_of_step(step: int, events: Sequence[Event]) -> int:
    """Return the number of the first event of a run's last step, or of a call behind all others that names no step.

    Such a call may be a part of it, and an agent that leaves this open has not thereby gone beyond a cut.
    """
    others = max((one.seq for one in events if one.step not in (step, None)), default=-1)
    return next(
        one.seq
        for one in events
        if one.step == step or (one.step is None and one.seq > others and one.kind in _CALL_BEGINS)
    )


def _seconds(record: Record) -> Iterator[Spending]:
    """Yield each end of a run with the seconds since it began, less those for which it was parked until then."""
    losses = _losses(record)
    for end, run_id in _run_ends(record):
        forgot = _forgot(losses, run_id, end.seq)
        begins = (one.time_s for one in record.of("run_started") if one.run_id == run_id and one.seq > forgot)
        parked = [one for one in record.of("run_parked") if one.run_id == run_id and forgot < one.seq < end.seq]
        used = end.time_s - next(begins, end.time_s) - sum(one.payload["parked_s"] for one in parked)
        yield Spending(end, used, end.seq)


def _run_ends(record: Record) -> Iterator[tuple[Event, str | None]]:
    """Yield each end of a run that had begun; an abort of the trial ends those that are under way."""
    under_way: dict[str | None, None] = {}
    for event in record.of("run_started", "run_completed", "trial_aborted"):
        if event.kind == "run_started":
            under_way[event.run_id] = None
            continue
        for run_id in [event.run_id] if event.kind == "run_completed" else list(under_way):
            if run_id in under_way:
                del under_way[run_id]
                yield event, run_id
