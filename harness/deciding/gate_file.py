"""The gate file: what a team promises of every release, as TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from harness.boundary import Frozen
from harness.deciding.verdict import Better, MetricKind
from harness.errors import ContentError
from harness.scoring import METRICS

SCHEMA = 1
MARGIN_OF_A_RATIO = 1.0

HIGHER_IS_BETTER = frozenset(
    {
        "success",
        "utility",
        "utility_under_attack",
        "tool_precision",
        "tool_recall",
        "tool_f1",
        "argument_score",
        "step_efficiency",
        "unknown_reconciled",
        "recovered",
        "failed_safe",
    }
)
Share = Annotated[float, Field(gt=0, lt=1)]
Words = Annotated[str, Field(pattern=r"\S")]
Axis = Literal["domain", "fault_family", "tool"]


class MetricRule(Frozen):
    """One metric: how it is compared, how much worse it may be, and whether it decides.

    A rate or mean may be worse by ``margin``; a ratio of candidate to baseline may be ``margin`` (above 1) times worse.
    ``floor`` is for rates: the lower Wilson bound of the candidate must not be below it. ``worst`` is how much one
    family can lose at most, in the same unit: 1 for rates and for means between 0 and 1, and taken as 2 for ratios.
    Only a metric that does not decide can do without a margin.
    """

    name: str
    kind: MetricKind
    better: Better
    margin: Annotated[float, Field(gt=0)] | None = None
    gate: bool = True
    floor: Share | None = None
    worst: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _has_its_direction(self) -> MetricRule:
        if self.better == "lower" and (self.name in HIGHER_IS_BETTER or self.pass_hat):
            msg = f'better: more of {self.name} is better; write better = "higher"'
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _fits_its_kind(self) -> MetricRule:
        if self.margin is None:
            return self._without_margin()
        if self.kind == "ratio" and self.margin <= MARGIN_OF_A_RATIO:
            msg = f"margin: a ratio's margin is above 1, as 1.10 for ten percent more; got {self.margin}"
            raise ValueError(msg)
        if self.kind == "rate" and self.margin >= 1:
            msg = f"margin: a rate's margin is below 1, as 0.03 for three points; got {self.margin}"
            raise ValueError(msg)
        if self.floor is not None and self.kind != "rate":
            msg = f"floor: only a rate has a floor; {self.name} is a {self.kind}"
            raise ValueError(msg)
        if self.floor is not None and self.better == "lower":
            msg = f"floor: {self.name} is better the lower it is, and a floor keeps it up; take the floor out"
            raise ValueError(msg)
        if self.worst is not None and self.worst <= self.margin:
            msg = f"worst: what a family can lose at most is more than the margin ({self.margin}); got {self.worst}"
            raise ValueError(msg)
        return self

    def _without_margin(self) -> MetricRule:
        if self.gate:
            msg = f"margin: is missing; say how much worse {self.name} may be, or gate = false"
            raise ValueError(msg)
        return self

    @property
    def pass_hat(self) -> int | None:
        """The k of a metric called ``pass_hat_k``: the chance that k trials of a task all pass."""
        stem, _, number = self.name.rpartition("_")
        return int(number) if stem == "pass_hat" and number.isdecimal() else None


class Invariants(Frozen):
    """How often a breach is played again before it counts, and as many trials when there is none."""

    replays: Annotated[int, Field(ge=0, le=100)] = 3


class GoldenTraces(Frozen):
    """The approved paths, in a file beside the gate file, and how a path has to agree with its approved one."""

    file: Words
    mode: Literal["exact", "in_order", "any_order"] = "exact"


class Statistics(Frozen):
    """Error rates, the fewest clusters that say anything, and the trials for each task and plan at which to look.

    ``cluster`` says what counts as independent evidence: families of tasks, or where no two tasks are variants of one
    another, tasks. ``alpha`` is all that may be spent; where there are several ``looks``, ``alpha_fail_fast`` of it
    goes to stopping early on big breakage. Without ``looks`` the gate looks once, at the trials that are there.
    """

    alpha: Annotated[float, Field(gt=0, le=0.2)] = 0.05
    alpha_fail_fast: Annotated[float, Field(ge=0, lt=0.2)] = 0.01
    cluster: Literal["family", "task"] = "family"
    min_clusters: Annotated[int, Field(ge=2)] = 20
    looks: Annotated[tuple[Annotated[int, Field(ge=1, le=1000)], ...], Field(max_length=8)] = ()

    @model_validator(mode="after")
    def _makes_sense(self) -> Statistics:
        if list(self.looks) != sorted(set(self.looks)):
            msg = f"looks: numbers of trials that grow, as [4, 8, 16]; got {list(self.looks)}"
            raise ValueError(msg)
        if self.alpha_fail_fast >= self.alpha:
            msg = f"alpha_fail_fast: is spent out of alpha ({self.alpha}) and must be below it"
            raise ValueError(msg)
        return self


class Slices(Frozen):
    """Along which axes single parts are looked at, and the share of false alarms among those flagged."""

    by: tuple[Axis, ...] = ("domain", "fault_family", "tool")
    q: Share = 0.1


class Quarantine(Frozen):
    """A task that is known to be unreliable: run, shown, not counted, until it expires."""

    task: str
    owner: Words
    expires: date
    reason: Words


DEFAULT_RULES = (
    MetricRule(name="success", kind="rate", better="higher", margin=0.03),
    MetricRule(name="tool_precision", kind="mean", better="higher", margin=0.02),
    MetricRule(name="steps", kind="ratio", better="lower", margin=1.10),
    MetricRule(name="cost_usd", kind="ratio", better="lower", margin=1.10),
    MetricRule(name="amplification", kind="ratio", better="lower", margin=1.10),
    MetricRule(name="virtual_s", kind="ratio", better="lower", margin=1.20, gate=False),
)


class GateFile(Frozen):
    """Everything that decides, besides the two sides."""

    schema_: Annotated[Literal[1], Field(alias="schema")] = 1
    invariants: Invariants = Invariants()
    golden: GoldenTraces | None = None
    statistics: Statistics = Statistics()
    metric: tuple[MetricRule, ...] = DEFAULT_RULES
    slices: Slices = Slices()
    max_error_rate: Annotated[float, Field(ge=0, lt=1)] = 0.02
    max_age_days: Annotated[int, Field(ge=1)] | None = None
    anchor: Words | None = None
    hard_breaks: Literal["show", "fail"] = "show"
    quarantine: tuple[Quarantine, ...] = ()


def read_gate_file(path: Path) -> GateFile:
    """Read a gate file; raises ContentError with every problem, each with its key and its cure."""
    try:
        return parse_gate_file(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ContentError([f"{path}: can not be read: {error}; give a gate file in TOML"]) from error


def parse_gate_file(text: str, where: str) -> GateFile:
    """Read the text of a gate file; ``where`` stands in messages. Raises ContentError."""
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ContentError([f"{where}: is no TOML: {error}"]) from error
    if "schema" not in given:
        raise ContentError([f"{where}: schema: is missing; begin the file with schema = {SCHEMA}"])
    try:
        gate = GateFile.model_validate(given)
    except ValidationError as error:
        raise ContentError(list(_in_words(where, error))) from error
    if problems := list(_problems(where, gate)):
        raise ContentError(problems)
    return gate


def _in_words(where: str, error: ValidationError) -> Iterator[str]:
    for one in error.errors():
        place = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in one["loc"]).lstrip(".")
        said = one["msg"].removeprefix("Value error, ")
        got = "" if isinstance(one["input"], dict | list) else f"; got {one['input']!r}"
        yield f"{where}: {place}: {said}{got}"


def _problems(where: str, gate: GateFile) -> Iterator[str]:
    known = [metric.name for metric in METRICS]
    names = [rule.name for rule in gate.metric]
    for number, rule in enumerate(gate.metric, 1):
        if rule.name not in known and not rule.pass_hat:
            yield f"{where}: metric[{number}].name: there is no metric {rule.name!r}; known: {', '.join(known)}"
        if names.index(rule.name) != number - 1:
            yield f"{where}: metric[{number}].name: {rule.name!r} stands there twice; remove one"
    if not any(rule.gate for rule in gate.metric):
        yield f"{where}: metric: none of them decides; let gate = true stand at one"
    tasks = [one.task for one in gate.quarantine]
    for number, task in enumerate(tasks, 1):
        if tasks.index(task) != number - 1:
            yield f"{where}: quarantine[{number}].task: {task!r} stands there twice; remove one"
