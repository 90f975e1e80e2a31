"""Which change made a trial fail: one axis of its spec swapped at a time, and the fork where no spec has changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Literal

import msgspec

from harness.campaign import TrialSpec
from harness.errors import HarnessError
from harness.triage.axes import Axis, axes_between, swapped
from harness.triage.divergence import Divergence
from harness.triage.replays import Replay, State

Basis = Literal["swap", "pair", "fork"]
PAIRS_MAX = 45  # replays; ten axes at most


class Swap(msgspec.Struct, frozen=True):
    """One line of the table: the fields that are the candidate's, all others the baseline's, and how it went."""

    fields: tuple[str, ...]
    state: State
    same_failure: bool
    note: str = ""


class Attribution(msgspec.Struct, frozen=True):
    """What made the trial fail.

    ``axis`` is one of planner, agent, policy, parts, approver, faults and the like, or several with a plus; ``fields``
    are their places in the spec, empty where it is the code behind them that has changed. ``basis`` says how it is
    known: an axis that alone makes it fail (``swap``), two together (``pair``), or who made the first different step
    (``fork``).
    """

    axis: str
    fields: tuple[str, ...]
    basis: Basis
    swaps: tuple[Swap, ...]


def attribute(
    baseline: TrialSpec,
    candidate: TrialSpec,
    signature: tuple[str, ...],
    fork: Divergence | None,
    replay: Replay | None,
) -> Attribution:
    """Find out what made a trial fail; without ``replay``, from the specs and the fork alone."""
    axes = axes_between(baseline, candidate)
    if replay is None:
        return _by_reading(axes, fork)
    table = _Table(baseline, candidate, signature, replay)
    if table.fails(()) or not table.fails(axes):
        # The specs do not make the difference: played with the code of today, both come to the same.
        return Attribution(_author(fork), (), "fork", table.rows)
    alone = [axis for axis in axes if table.fails((axis,))]
    if alone:
        return Attribution(_names(alone), tuple(one.field for one in alone), "swap", table.rows)
    pairs = list(combinations(axes, 2))[:PAIRS_MAX]
    guilty = next((pair for pair in pairs if table.fails(pair)), axes)
    return Attribution(_names(guilty), tuple(one.field for one in guilty), "pair", table.rows)


def _by_reading(axes: Sequence[Axis], fork: Divergence | None) -> Attribution:
    author = _author(fork)
    fields = tuple(one.field for one in axes if one.axis == author)
    if len({one.axis for one in axes}) == 1:
        return Attribution(axes[0].axis, tuple(one.field for one in axes), "fork", ())
    return Attribution(author, fields, "fork", ())


def _author(fork: Divergence | None) -> str:
    return fork.author if fork else "expectation"


def _names(axes: Iterable[Axis]) -> str:
    return " + ".join(dict.fromkeys(one.axis for one in axes))


class _Table:
    """Every combination that was played, once."""

    def __init__(self, baseline: TrialSpec, candidate: TrialSpec, signature: tuple[str, ...], replay: Replay) -> None:
        self._baseline = baseline
        self._candidate = candidate
        self._signature = signature
        self._replay = replay
        self._rows: dict[tuple[str, ...], Swap] = {}

    @property
    def rows(self) -> tuple[Swap, ...]:
        return tuple(self._rows.values())

    def fails(self, axes: Sequence[Axis]) -> bool:
        fields = tuple(axis.field for axis in axes)
        if fields not in self._rows:
            self._rows[fields] = self._played(axes, fields)
        return self._rows[fields].state == "bad"

    def _played(self, axes: Sequence[Axis], fields: tuple[str, ...]) -> Swap:
        try:
            played = self._replay(swapped(self._baseline, self._candidate, axes))
        except HarnessError as error:  # one axis without the other makes no agent, or no plan
            return Swap(fields, "invalid", same_failure=False, note=str(error))
        return Swap(fields, played.state, played.signature == self._signature)
