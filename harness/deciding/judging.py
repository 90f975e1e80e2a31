"""From what is named on a command line to a verdict: the baseline found, and more trials played where they decide."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from harness.deciding.baseline import measured_of, read_baseline
from harness.deciding.gate import Rules, decide
from harness.deciding.looking import look_of
from harness.deciding.measured import Measured, measure
from harness.deciding.more_trials import extended, why_not
from harness.deciding.pairs import Side, side, split
from harness.deciding.verdict import Verdict

Extend = Callable[[Side, int], Side]


def reference(text: str) -> Side | Measured | None:
    """Return the baseline that is named: a saved one, or a side of a results folder; None where there is nothing.

    Raises UsageError for what is there and can not be read.
    """
    path = Path(text)
    if path.is_file():
        return measured_of(read_baseline(path), path)
    if not path.exists() and not split(text)[0].exists():
        return None
    return side(text)


def judge(
    baseline: Side | Measured,
    candidate: Side,
    rules: Rules,
    extend: Extend | None = None,
    expectation_changed: Sequence[str] = (),
) -> Verdict:
    """Decide, and while the planned looks allow it and nothing is decided, play more trials of both sides.

    ``extend`` plays every cell of a side up to so many trials.
    """
    while True:
        before = measure(baseline) if isinstance(baseline, Side) else baseline
        verdict = decide(before, candidate, rules, expectation_changed)
        shared = before.trials.keys() & candidate.trials.keys()
        trials = look_of(shared, rules.gate.statistics).next_trials
        if verdict.answer != "INCONCLUSIVE" or trials is None or extend is None:
            return verdict
        if not isinstance(baseline, Side):
            return noted(verdict, "no further trials: a saved baseline can not be played on; name a results folder")
        baseline, candidate = extend(baseline, trials), extend(candidate, trials)


def noted(verdict: Verdict, note: str) -> Verdict:
    """Return a verdict with one more note."""
    return msgspec.structs.replace(verdict, notes=(*verdict.notes, note))


def judge_here(baseline: Side | Measured, candidate: Side, rules: Rules, folder: Path, jobs: int) -> Verdict:
    """Decide as ``judge`` does; both sides are played on here, if they can be, into folders below ``folder``."""
    sides = [one for one in (baseline, candidate) if isinstance(one, Side)]
    if not rules.gate.statistics.looks:
        return judge(baseline, candidate, rules)
    if reason := next(filter(None, map(why_not, sides)), None):
        return noted(judge(baseline, candidate, rules), f"no further trials: {reason}")
    names = {id(one.results): name for one, name in zip(sides, ("baseline", "candidate"), strict=False)}

    def extend(one: Side, trials: int) -> Side:
        return extended(one, trials, folder / f"{names[id(one.results)]}-{trials}", jobs)

    return judge(baseline, candidate, rules, extend)


def no_baseline(text: str, candidate: Side) -> Verdict:
    """Return the verdict where there is no baseline: nothing can be said, whatever the candidate did."""
    reason = f"there is no baseline at {text}: save one from a run of main: harness baseline save FOLDER {text}"
    return Verdict(
        answer="INVALID",
        reason=reason,
        baseline=None,
        candidate=measure(candidate).provenance,
        invalid=(reason,),
    )
