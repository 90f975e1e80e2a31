"""What the verdict judged, one by one: the list from which JUnit, annotations and all counts are made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args

import msgspec

from harness.deciding import Counterexample, GoldenChange, HardBreak, MetricVerdict, Quarantined, Verdict
from harness.render.verdicts.figures import compared

Layer = Literal["verdict", "harness", "invariants", "golden traces", "metrics", "tasks"]
Kind = Literal[
    "passed",
    "skipped",
    "verdict",
    "invalid",
    "invariant",
    "golden",
    "regression",
    "quarantine",
    "inconclusive",
]

LAYERS: tuple[Layer, ...] = get_args(Layer)
REGRESSIONS: frozenset[Kind] = frozenset({"invariant", "golden", "regression"})
_GRAVEST_FIRST = get_args(Kind)
TASKS_NAMED = 10


class Case(msgspec.Struct, frozen=True):
    """One thing that was judged: whose it is, its name, how it came out, why, and the command that plays it again.

    All texts are as they came: who prints them makes them harmless.
    """

    layer: Layer
    subject: str
    name: str
    kind: Kind
    message: str
    replay: str | None = None

    @property
    def is_red(self) -> bool:
        """Whether it speaks against the candidate or against the measurement."""
        return self.kind not in {"passed", "skipped"}


def cases(verdict: Verdict) -> tuple[Case, ...]:
    """Return everything that was judged, by layer.

    A case can be red only where the exit code is not 0, and the first one always is then: a suite made from them is
    green if and only if the exit code is 0.
    """
    made = (_whole(verdict), *_parts(verdict))
    if verdict.exit_code == 0:
        return tuple(msgspec.structs.replace(one, kind="passed") if one.is_red else one for one in made)
    return made


def against(verdict: Verdict) -> list[Case]:
    """Return the red cases, gravest first, the verdict itself on top; none where the exit code is 0."""
    red = (one for one in cases(verdict) if one.is_red)
    return sorted(red, key=lambda one: (one.layer != "verdict", _GRAVEST_FIRST.index(one.kind)))


def regressions(verdict: Verdict) -> int:
    """Count what speaks against the candidate: broken invariants, changed golden traces, metrics and tasks lost."""
    return sum(one.kind in REGRESSIONS for one in cases(verdict) if one.layer != "verdict")


def _whole(verdict: Verdict) -> Case:
    kinds: dict[str, Kind] = {"FAIL": "verdict", "INVALID": "invalid", "INCONCLUSIVE": "inconclusive"}
    kind = kinds.get(verdict.answer, "passed")
    return Case("verdict", "gate", "the candidate may ship", kind, f"{verdict.answer}: {verdict.reason}")


def _parts(verdict: Verdict) -> Iterator[Case]:
    for number, why in enumerate(verdict.invalid, 1):
        yield Case("harness", "harness", f"the measurement is valid ({number})", "invalid", why)
    yield from map(_broken, verdict.counterexamples)
    yield from map(_changed, verdict.golden_changes)
    yield from map(_measured, verdict.metrics)
    yield from map(_lost, verdict.hard_breaks)
    yield from map(_set_apart, verdict.quarantined)


def _broken(one: Counterexample) -> Case:
    name = f"{one.rule}: {one.task} under {one.fault_plan_id}, {one.trial_id}"
    trials = "" if one.trials == 1 else f" (in {one.trials} trials)"
    return Case("invariants", one.cluster, name, "invariant", f"{one.message}{trials}", one.replay)


def _changed(one: GoldenChange) -> Case:
    name = f"{one.task} under {one.fault_plan_id}, trial {one.trial}"
    return Case("golden traces", one.cluster, name, "golden", f"{one.change}: {one.message}", one.replay)


def _measured(one: MetricVerdict) -> Case:
    return Case("metrics", one.kind, one.name, _kind(one), f"{one.reason} {compared(one)}{_who(one)}")


def _kind(one: MetricVerdict) -> Kind:
    if not one.gated or one.ruling in {"pass", "pass_worse"}:
        return "passed"
    return "regression" if one.ruling == "fail" else "inconclusive"


def _who(one: MetricVerdict) -> str:
    if not one.worse:
        return ""
    more = len(one.worse) - TASKS_NAMED
    return f"; worse: {', '.join(one.worse[:TASKS_NAMED])}{f' and {more} more' if more > 0 else ''}"


def _lost(one: HardBreak) -> Case:
    (was, of_so_many), (passes, of_these) = one.before, one.after
    message = f"passed {was} of {of_so_many} trials, now {passes} of {of_these}"
    name = f"{one.task} under {one.fault_plan_id}"
    return Case("tasks", one.cluster, name, "regression" if one.gated else "passed", message, one.replay)


def _set_apart(one: Quarantined) -> Case:
    passed = f"passed {one.passed} of {one.trials} trials"
    until = f"{'expired on' if one.expired else 'until'} {one.expires}"
    message = f"quarantine of {one.owner}, {until}: {one.reason}; {passed}"
    return Case("tasks", one.task, f"{one.task} in quarantine", "quarantine" if one.expired else "skipped", message)
