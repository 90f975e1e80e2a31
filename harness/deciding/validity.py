"""Whether two sides can be compared at all, and if not, what has to be done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from harness.campaign import changed_files
from harness.deciding.differences import misfit
from harness.deciding.gate_file import GateFile
from harness.deciding.measured import Measured
from harness.deciding.measured_pairs import MeasuredPair, values_of

SHOWN = 10


def mismatches(baseline: Measured, candidate: Measured) -> list[str]:
    """Say what the two sides do not share: the suite's files, fault kinds, scorers, and the inputs of trials."""
    changes = changed_files(baseline.conditions, candidate.conditions)
    found = [f"{change} since the baseline" for change in changes]
    found += list(dict.fromkeys(_changed_inputs(baseline, candidate)))
    if any(change.startswith("scorer ") for change in found):
        found.append("scores of different scorers: score both again (harness score FOLDER)")
    return found


def _changed_inputs(baseline: Measured, candidate: Measured) -> Iterator[str]:
    for key, after in candidate.trials.items():
        before = baseline.trials.get(key)
        if before is None:
            continue
        for name in sorted({*before.inputs, *after.inputs}):
            if before.inputs.get(name) != after.inputs.get(name):
                yield f"the {name} of {after.where} has changed since the baseline"


def reasons_for_invalid(
    baseline: Measured, candidate: Measured, pairs: Sequence[MeasuredPair], gate: GateFile, today: date
) -> list[str]:
    """Say why nothing can be decided on the pairs that count; nothing where it can."""
    return [
        *_cut(mismatches(baseline, candidate)),
        *_missing_trials(baseline, candidate),
        *_errors("baseline", baseline, gate.max_error_rate),
        *_errors("candidate", candidate, gate.max_error_rate),
        *_unmeasured(pairs, gate),
        *_age(baseline, gate, today),
    ]


def _cut(lines: list[str]) -> list[str]:
    return lines if len(lines) <= SHOWN else [*lines[:SHOWN], f"and {len(lines) - SHOWN} more changes"]


def _missing_trials(baseline: Measured, candidate: Measured) -> Iterator[str]:
    if not candidate.trials:
        yield f"{candidate.provenance.source}: holds no trial of {candidate.provenance.agent}"
        return
    gone = [one for key, one in baseline.trials.items() if key not in candidate.trials]
    if len(gone) == len(baseline.trials):
        yield "no trial of the candidate has a counterpart in the baseline: give both the same scenarios and --seed"
    elif gone:
        yield f"the candidate has not played {len(gone)} of the baseline's trials, first {gone[0].where}: play them all"


def _errors(name: str, side: Measured, allowed: float) -> Iterator[str]:
    broken = sum(one.passed is None for one in side.trials.values())
    if broken > allowed * len(side.trials):
        share = f"{broken} of {len(side.trials)} trials of the {name} could not be played"
        yield f"{share}, more than {allowed:.0%}: see their reasons in the report and play them again"


def _unmeasured(pairs: Sequence[MeasuredPair], gate: GateFile) -> Iterator[str]:
    for rule in gate.metric:
        if rule.gate and rule.pass_hat is None and pairs:
            sides = {"baseline": [pair.baseline for pair in pairs], "candidate": [pair.candidate for pair in pairs]}
            for name, trials in sides.items():
                if all(one.values.get(rule.name) is None for one in trials):
                    yield f"metric {rule.name}: was measured in no trial of the {name}: take it out of the gate file"
        if rule.gate and (reason := misfit(rule, values_of(rule, pairs))):
            yield reason


def reasons_against_anchor(
    anchor: Measured, candidate: Measured, pairs: Sequence[MeasuredPair], gate: GateFile
) -> list[str]:
    """Say why nothing can be decided against the pinned release; it may lack what is new, and hold what is gone."""
    apart = (
        [] if anchor.trials.keys() & candidate.trials.keys() else ["shares no trial with the candidate: pin it anew"]
    )
    found = _cut(mismatches(anchor, candidate)) or apart or list(_unmeasured(pairs, gate))
    return [f"the pinned release: {one}" for one in found]


def _age(baseline: Measured, gate: GateFile, today: date) -> Iterator[str]:
    if gate.max_age_days is None or baseline.saved_on is None:
        return
    days, source = (today - baseline.saved_on).days, baseline.provenance.source
    if days < -1:  # a day apart can be the time zone
        yield f"{source}: was saved on {baseline.saved_on}, which is still to come: save it anew"
    if days > gate.max_age_days:
        yield f"{source}: is {days} days old, {gate.max_age_days} are allowed: save it anew from a fresh run of main"
