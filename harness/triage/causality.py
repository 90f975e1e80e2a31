"""The causality curve: how likely the failure is, given that the trial has gone as it did up to each of its steps.

The failing trial is rewound to a step and goes on from there by other chances, many times over. What was drawn before
stays as it was, since chance has addresses. Where the curve jumps, something was decided.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec

from harness.campaign import TrialSpec
from harness.history import Event
from harness.simulation import derive_seed
from harness.statistics import Interval, wilson
from harness.triage.replays import Replay, Replayed

POINTS_MAX = 40


class Point(msgspec.Struct, frozen=True):
    """P(failure | everything before ``step``), of so many branches; ``events`` is how many of them that is.

    ``step`` is the turn that the branches begin with, None for the curve's last point: nothing is left to chance.
    """

    step: int | None
    events: int
    failures: int
    branches: int
    interval: Interval

    @property
    def probability(self) -> float:
        """The share of the branches that fail in the same way."""
        return self.failures / self.branches


class Causality(msgspec.Struct, frozen=True):
    """The curve, and the step at which it rises most; None where chance has no part in it."""

    points: tuple[Point, ...]
    step: int | None
    rise: float


def causality(spec: TrialSpec, failed: Replayed, branches: int, replay: Replay) -> Causality:
    """Rewind a failing trial to each of its steps and go on ``branches`` times; ``failed`` is how it went."""
    starts = list(_starts(failed.events))[:POINTS_MAX]
    points = [_point(spec, failed, step, events, branches, replay) for step, events in starts]
    points.append(Point(None, len(failed.events), branches, branches, wilson(branches, branches)))
    rises = [later.probability - former.probability for former, later in pairwise(points)]
    at = max(range(len(rises)), key=lambda index: rises[index], default=None)
    if at is None or not _is_sure(points[at], points[at + 1]):
        return Causality(tuple(points), None, 0.0)
    return Causality(tuple(points), points[at].step, rises[at])


def _is_sure(former: Point, later: Point) -> bool:
    return former.interval.high < later.interval.low


def _starts(events: Sequence[Event]) -> Iterator[tuple[int, int]]:
    """Yield each step with the number of events before it: the planner's turns, or else the calls."""
    turned = any(event.step for event in events if event.kind == "model_call_started")
    kind = "model_call_started" if turned else "tool_call_started"
    seen: set[tuple[str | None, int]] = set()
    count = 0
    for event in events:
        if event.kind != kind:
            continue
        count += 1
        place = event.run_id, (event.step or 0) if turned else count
        if place not in seen:
            seen.add(place)
            yield place[1], event.seq


def _point(spec: TrialSpec, failed: Replayed, step: int, events: int, branches: int, replay: Replay) -> Point:
    seeds = (derive_seed(spec.seed, "branch", str(events), str(number)) for number in range(branches))
    failures = sum(replay(spec.branched(events, seed)).signature == failed.signature for seed in seeds)
    return Point(step, events, failures, branches, wilson(failures, branches))
