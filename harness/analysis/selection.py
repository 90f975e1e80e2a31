"""Which trials are worth a picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from harness.analysis.expectations import Unmet
from harness.analysis.findings import Finding
from harness.analysis.results import Results

_BAD = ("violated", "failed", "harness_error")


class Selection(msgspec.Struct, frozen=True):
    """Trials by how much a reader wants to see them: bad ones, examples first; then some that held."""

    bad: tuple[str, ...]
    held: tuple[str, ...]


def select(results: Results, found: Sequence[Finding], unmet: Sequence[Unmet] = ()) -> Selection:
    """Return every trial that went wrong, and for each kind of fault the shortest one that held.

    The examples of what was expected in vain are among the former, whatever their verdict.
    """
    examples = [*(one.example for one in unmet), *(one.example for one in found if not one.blocked)]
    ranked = [trial.trial_id for verdict in _BAD for trial in results.trials if trial.verdict == verdict]
    return Selection(tuple(dict.fromkeys([*examples, *ranked])), tuple(_survivors(results)))


def _survivors(results: Results) -> Iterator[str]:
    by_kind: dict[str, list[str]] = {}
    for fault in results.faults:
        trial = results.by_id[fault.trial_id]
        if fault.fired and trial.held and not trial.without:
            by_kind.setdefault(fault.kind, []).append(fault.trial_id)
    chosen = [results.example(trial_ids) for _, trial_ids in sorted(by_kind.items())]
    yield from dict.fromkeys(chosen)
