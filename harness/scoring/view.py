"""A record as metrics see it, with what several of them share, and what a metric is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property

import msgspec

from harness.history import Event
from harness.scoring.calls import LogicalCall, logical_calls
from harness.scoring.effects import Sanction, duplicate_effects, sanctions
from harness.scoring.ending import missed_goals, side_effects
from harness.scoring.path import PathQuality, RetryVerdict, path_quality, retry_verdicts
from harness.scoring.record import Observed, Record
from harness.scoring.spans import span_s, time_shares_s
from harness.scoring.twin import Twin
from harness.scoring.violations import Violation, violations


class View:
    """A record, and its fault-free twin where there is one, with what several metrics share, computed once."""

    def __init__(self, record: Record, twin: Twin | None = None) -> None:
        self.record = record
        self.twin = twin

    @cached_property
    def calls(self) -> list[LogicalCall]:
        """The logical tool calls."""
        return logical_calls(self.record)

    @cached_property
    def runs(self) -> list[list[LogicalCall]]:
        """The logical tool calls of each run; a run without calls is an empty list."""
        by_run: dict[str, list[LogicalCall]] = {run_id: [] for run_id in self.record.run_ids}
        for call in self.calls:
            by_run.setdefault(call.run_id, []).append(call)
        return list(by_run.values()) or [[]]

    @cached_property
    def requests(self) -> list[list[bytes]]:
        """The requests of each run, as texts that are equal for equal ones."""
        return [[call.same_request() for call in calls] for calls in self.runs]

    @cached_property
    def paths(self) -> list[PathQuality]:
        """The tool and argument scores of each run; empty without an expected path."""
        scored = [path_quality(self.record, calls) for calls in self.runs]
        return [one for one in scored if one is not None]

    @cached_property
    def retry_verdicts(self) -> list[RetryVerdict]:
        """What each retry was worth."""
        return retry_verdicts(self.calls, self.record.tools) if self.attempts > len(self.calls) else []

    @cached_property
    def violations(self) -> list[Violation]:
        """Every breach."""
        return violations(self.record, self.duplicates, self.unapproved)

    @cached_property
    def harmful(self) -> bool:
        """Whether a breach took effect."""
        return any(not one.blocked for one in self.violations)

    @cached_property
    def duplicates(self) -> list[Event]:
        """The effects that happened more often than they may."""
        return duplicate_effects(self.record)

    @cached_property
    def sanctions(self) -> list[Sanction]:
        """The irreversible effects, each with the approval that covers it."""
        return sanctions(self.record)

    @cached_property
    def unapproved(self) -> list[Event]:
        """The irreversible effects that nobody had approved."""
        return [one.effect for one in self.sanctions if one.approval is None]

    @cached_property
    def missed(self) -> list[str]:
        """What of the goal was not reached, in words."""
        return list(missed_goals(self.record))

    @cached_property
    def unwanted(self) -> list[str]:
        """What happened besides the goal, in words."""
        return list(side_effects(self.record))

    @cached_property
    def attempts(self) -> int:
        """Attempts at tools."""
        return sum(len(call.attempts) for call in self.calls)

    @cached_property
    def is_inferred(self) -> bool:
        """Whether it was inferred which attempts belong to one logical call."""
        return any(call.basis == "inferred" for call in self.calls)

    @cached_property
    def span_s(self) -> float:
        """Seconds from the start of the first run to the end of the last."""
        return span_s(self.record)

    @cached_property
    def time_shares_s(self) -> tuple[float, float, float, float]:
        """Seconds for models, tools, people, and nothing of those."""
        return time_shares_s(self.record)

    def count(self, kind: str) -> float:
        """Return how many events of a kind there are."""
        return float(len(self.record.by_kind.get(kind, ())))


class Metric(msgspec.Struct, frozen=True):
    """A metric: its name in every table, its needs, and its function.

    The docstring of the function is its definition: the formula, then lines that begin with ``Range:``, ``Null:`` and
    ``Source:``. ``grouped`` means that it rests on which attempts belong to one logical call, which may have been
    inferred; ``paired`` that it compares with the fault-free twin.
    """

    name: str
    needs: frozenset[Observed]
    function: Callable[[View], float | None]
    grouped: bool = False
    paired: bool = False


def metric(
    function: Callable[[View], float | None],
    *needs: Observed,
    name: str = "",
    grouped: bool = False,
    paired: bool = False,
) -> Metric:
    """Declare a metric, by default under the name of its function."""
    return Metric(name or function.__name__, frozenset(needs), function, grouped, paired)


def mean(values: Iterable[float | None]) -> float | None:
    """Return the mean of what is not None; None of nothing."""
    measured = [value for value in values if value is not None]
    return sum(measured) / len(measured) if measured else None


def total(values: Iterable[float | None]) -> float | None:
    """Return the sum of what is not None; None of nothing."""
    measured = [value for value in values if value is not None]
    return float(sum(measured)) if measured else None
