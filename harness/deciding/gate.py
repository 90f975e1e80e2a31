"""The gate: invariants first, then approved paths, then non-inferiority, and one verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from harness.deciding.baseline import measured_of, read_baseline
from harness.deciding.gate_file import DEFAULT_RULES, GateFile
from harness.deciding.golden_traces import golden_changes, read_approved
from harness.deciding.hard_breaks import hard_breaks
from harness.deciding.invariants import Replays, counterexamples, play_again
from harness.deciding.looking import Look, breakage, look_of, power_table
from harness.deciding.measured import Measured, clustered, measure
from harness.deciding.measured_pairs import MeasuredPair, lost_values, paired
from harness.deciding.metric_verdicts import compare_metric
from harness.deciding.pairs import Side
from harness.deciding.slices import slices
from harness.deciding.validity import reasons_against_anchor, reasons_for_invalid
from harness.deciding.verdict import Answer, GoldenChange, MetricVerdict, Quarantined, Verdict
from harness.statistics import holm, identical_bound, rate_at_most

Sentence = tuple[Answer, str]


class Rules(NamedTuple):
    """The gate file, the folder that its paths start from, and the day by which expiry is judged."""

    gate: GateFile
    folder: Path = Path()
    today: date = datetime.now(tz=UTC).date()


def decide(baseline: Measured, candidate: Side, rules: Rules, expectation_changed: Sequence[str] = ()) -> Verdict:
    """Return the verdict on a candidate.

    Raises DatasetError for tables that contradict one another, or a file of the gate that can not be read.
    """
    after = clustered(measure(candidate), rules.gate.statistics.cluster)
    anchor = _anchor(rules)
    pairs = _counted(paired(baseline, after), rules)
    rules = _as_far_as_measured(rules, pairs)
    anchored = _counted(paired(anchor, after), rules) if anchor else []
    invalid = [
        *reasons_for_invalid(baseline, after, pairs, rules.gate, rules.today),
        *(reasons_against_anchor(anchor, after, anchored, rules.gate) if anchor else ()),
    ]
    whole = Verdict(
        answer="INVALID",
        reason="",
        baseline=baseline.provenance,
        candidate=after.provenance,
        brains=tuple(sorted({*baseline.provenance.brains, *after.provenance.brains})),
        invalid=tuple(invalid),
        expectation_changed=tuple(expectation_changed),
    )
    found = counterexamples(candidate)
    if invalid:
        return _concluded(msgspec.structs.replace(whole, counterexamples=found))
    replays = play_again(candidate, found, rules.gate.invariants.replays)
    look = look_of(baseline.trials.keys() & after.trials.keys(), rules.gate.statistics)
    whole = msgspec.structs.replace(
        whole,
        pairs=len(pairs),
        clusters=len({pair.cluster for pair in pairs}),
        counterexamples=found,
        violation_bound=None if found else rate_at_most(0, _played(after)),
        golden_changes=tuple(_golden_changes(candidate, rules)),
        hard_breaks=hard_breaks(pairs, candidate, gated=rules.gate.hard_breaks == "fail"),
        metrics=_metrics(pairs, rules, look),
        anchored=_metrics(anchored, rules, look) if anchor else (),
        slices=slices(rules.gate.metric, pairs, rules.gate.slices),
        quarantined=tuple(_quarantined(after, rules)),
        bound=_bound(baseline, after, pairs, rules),
        looks=look.taken,
        power=power_table(rules.gate, pairs, look),
        notes=tuple(_notes(baseline, after, rules, replays)),
        invalid=replays.differing,
    )
    return _concluded(whole, look, breakage(pairs, rules.gate, look))


def _as_far_as_measured(rules: Rules, pairs: Sequence[MeasuredPair]) -> Rules:
    """Leave out of the default gate what neither side measures; whoever writes a gate file means what it says."""
    if rules.gate.metric != DEFAULT_RULES:
        return rules
    known = {name for pair in pairs for side in pair for name, value in side.values.items() if value is not None}
    kept = tuple(rule for rule in DEFAULT_RULES if rule.name in known)
    return rules._replace(gate=rules.gate.model_copy(update={"metric": kept})) if kept else rules


def _played(side: Measured) -> int:
    return sum(one.passed is not None for one in side.trials.values())


def _counted(pairs: Sequence[MeasuredPair], rules: Rules) -> list[MeasuredPair]:
    """Leave out what is in quarantine."""
    kept_out = {one.task for one in rules.gate.quarantine if one.expires >= rules.today}
    return [pair for pair in pairs if pair.candidate.key.task_id not in kept_out]


def _metrics(pairs: Sequence[MeasuredPair], rules: Rules, look: Look) -> tuple[MetricVerdict, ...]:
    """Hold every metric against its margin; which of the gated ones failed is said after Holm, then come the floors."""
    settings = rules.gate.statistics
    found = [compare_metric(rule, pairs, look.alpha, settings.min_clusters, look.trials) for rule in rules.gate.metric]
    asked = [one for one in found if one.gated and one.p_worse is not None]
    adjusted = dict(zip([one.name for one in asked], holm([one.p_worse or 0.0 for one in asked]), strict=True))
    judged = (_adjusted(one, adjusted.get(one.name, one.p_worse), look.alpha) for one in found)
    lost = {rule.name: lost_values(rule, pairs) for rule in rules.gate.metric}
    whole = (_measured_throughout(one, lost[one.name], rules.gate.max_error_rate) for one in judged)
    return tuple(_above_its_floor(one, look) for one in whole)


def _adjusted(one: MetricVerdict, p: float | None, alpha: float) -> MetricVerdict:
    one = msgspec.structs.replace(one, p_adjusted=p)
    if one.ruling != "fail" or (p is not None and p < alpha):
        return one
    reason = f"{one.reason}; not beyond doubt once all metrics are asked"
    return msgspec.structs.replace(one, ruling="inconclusive", reason=reason)


def _measured_throughout(one: MetricVerdict, lost: int, allowed: float) -> MetricVerdict:
    """Let no metric pass that the candidate lacks where the baseline has it: what is missing may be what is bad."""
    if one.ruling not in ("pass", "pass_worse") or lost <= allowed * (one.pairs + lost):
        return one
    reason = f"{one.name}: {_trials(lost)} of the candidate have no value where the baseline's have one"
    return msgspec.structs.replace(one, ruling="inconclusive", reason=reason)


def _above_its_floor(one: MetricVerdict, look: Look) -> MetricVerdict:
    """Fail a rate whose lower bound is below its floor; while looks are to come, more trials may lift it."""
    if one.floor is None or one.candidate_low is None or one.candidate_low >= one.floor or one.ruling == "fail":
        return one
    reason = f"{one.name}: at least {one.candidate_low:.3f} by its lower bound, the floor is {one.floor:g}"
    return msgspec.structs.replace(one, ruling="fail" if look.next_trials is None else "inconclusive", reason=reason)


def _golden_changes(candidate: Side, rules: Rules) -> Iterator[GoldenChange]:
    if rules.gate.golden is not None:
        approved = read_approved(rules.folder / rules.gate.golden.file)
        yield from golden_changes(approved, candidate, rules.gate.golden.mode)


def _anchor(rules: Rules) -> Measured | None:
    """Return the pinned release, which keeps small losses from adding up unseen."""
    if rules.gate.anchor is None:
        return None
    path = rules.folder / rules.gate.anchor
    return measured_of(read_baseline(path), path)


def _quarantined(after: Measured, rules: Rules) -> Iterator[Quarantined]:
    for one in rules.gate.quarantine:
        trials = [trial for trial in after.trials.values() if trial.key.task_id == one.task]
        yield Quarantined(
            task=one.task,
            owner=one.owner,
            expires=one.expires.isoformat(),
            reason=one.reason,
            expired=one.expires < rules.today,
            passed=sum(trial.passed is True for trial in trials),
            trials=len(trials),
        )


def _bound(baseline: Measured, after: Measured, pairs: Sequence[MeasuredPair], rules: Rules) -> float | None:
    """Return the largest loss of success that equal trials leave possible; None where some trial is not equal."""
    if _not_played(baseline, after) or not _identical(pairs, [rule.name for rule in rules.gate.metric if rule.gate]):
        return None
    clusters = len({pair.cluster for pair in pairs})
    return -identical_bound(clusters, rules.gate.statistics.alpha)


def _identical(pairs: Sequence[MeasuredPair], metrics: Sequence[str]) -> bool:
    """Return whether all histories are equal, and so is what was made of them."""
    return bool(pairs) and all(
        after.history is not None
        and (before.history, before.passed) == (after.history, after.passed)
        and all(before.values.get(name) == after.values.get(name) for name in metrics)
        for before, after in pairs
    )


def _not_played(baseline: Measured, after: Measured) -> int:
    """Return how many pairs there would be besides, had both of their trials been played to the end."""
    return len(after.trials.keys() & baseline.trials.keys()) - len(paired(baseline, after))


def _notes(baseline: Measured, after: Measured, rules: Rules, replays: Replays) -> Iterator[str]:
    if new := len(after.trials.keys() - baseline.trials.keys()):
        yield f"{new} trials of the candidate are new to the baseline and were not compared"
    if lost := _not_played(baseline, after):
        yield f"{lost} pairs were left out since one of their trials could not be played"
    if baseline.provenance.brains != after.provenance.brains:
        yield "the two sides rest on different sorts of brains"
    if replays.not_played:
        yield f"repeatability: {replays.not_played}"
    yield from _notes_on_the_gate_file(after, rules)


def _notes_on_the_gate_file(after: Measured, rules: Rules) -> Iterator[str]:
    tasks = {key.task_id for key in after.trials}
    for one in rules.gate.quarantine:
        if one.task not in tasks:
            yield f"the quarantine of {one.task} covers no trial: take it out of the gate file"


def _concluded(verdict: Verdict, look: Look | None = None, broken: str | None = None) -> Verdict:
    """Draw the conclusion: the gravest reason decides."""
    answer, reason = next(_reasons(verdict, look, broken))
    return msgspec.structs.replace(verdict, answer=answer, reason=reason)


def _reasons(verdict: Verdict, look: Look | None, broken: str | None) -> Iterator[Sentence]:
    if verdict.invalid:
        yield "INVALID", _first_of(verdict.invalid)
    yield from _breaches(verdict)
    if broken:
        yield "FAIL", f"success breaks on a large scale: {broken}; no need to wait for the first look"
    if look and look.early and verdict.bound is None:
        yield (
            "INCONCLUSIVE",
            f"the first look is at {look.next_trials} trials for each task and plan, not {look.trials}",
        )
    yield from _losses(verdict)
    if verdict.bound is not None:
        yield "IDENTICAL", _identical_reason(verdict)
    undecided = [one for one in verdict.metrics if one.gated and one.ruling in ("inconclusive", "insufficient")]
    if undecided:
        yield "INCONCLUSIVE", _first_of([one.reason for one in undecided])
    yield "PASS", _pass_reason(verdict)


def _breaches(verdict: Verdict) -> Iterator[Sentence]:
    if verdict.counterexamples:
        worst = verdict.counterexamples[0]
        times = sum(one.trials for one in verdict.counterexamples)
        yield "FAIL", f"{worst.rule} in {worst.task} under {worst.fault_plan_id}: {worst.message} ({_trials(times)})"
    if expired := [one for one in verdict.quarantined if one.expired]:
        one = expired[0]
        yield "FAIL", f"the quarantine of {one.task} ended on {one.expires}: {one.owner} mends it, or renews it"
    if changed := [one for one in verdict.golden_changes if one.change != "new"]:
        yield "FAIL", f"{changed[0].task} under {changed[0].fault_plan_id} {changed[0].change}: {changed[0].message}"
    if gated := [one for one in verdict.hard_breaks if one.gated]:
        one_break = gated[0]
        before, after = ("/".join(map(str, counts)) for counts in (one_break.before, one_break.after))
        yield "FAIL", f"{one_break.task} under {one_break.fault_plan_id} passed {before} and passes {after}"


def _losses(verdict: Verdict) -> Iterator[Sentence]:
    failed = [one.reason for one in verdict.metrics if one.gated and one.ruling == "fail"]
    if failed:
        yield "FAIL", _first_of(failed)
    slid = [one.reason for one in verdict.anchored if one.gated and one.ruling == "fail"]
    if slid:
        yield "FAIL", f"against the pinned release, {_first_of(slid)}"


def _first_of(reasons: Sequence[str]) -> str:
    more = len(reasons) - 1
    return f"{reasons[0]}; and {more} more" if more > 1 else "; ".join(reasons)


def _identical_reason(verdict: Verdict) -> str:
    return (
        f"all {verdict.pairs} pairs of trials have the same history; with {verdict.clusters} clusters that "
        f"leaves a loss of success of up to {verdict.bound:.3f} possible"
    )


def _pass_reason(verdict: Verdict) -> str:
    gated = [one for one in verdict.metrics if one.gated]
    words = f"no breach, and none of {len(gated)} metrics is worse than its margin allows"
    success = next((one for one in gated if one.name == "success" and one.detectable is not None), None)
    if success is None or success.detectable is None:
        return words
    return f"{words}; a loss of {success.detectable:.3f} in success would have shown with 80 % power"


def _trials(count: int) -> str:
    return "1 trial" if count == 1 else f"{count} trials"
