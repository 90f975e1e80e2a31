"""The verdict on the terminal: what a reader needs, in the order in which it is needed."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from harness.cli.console import say, say_table
from harness.deciding import HardBreak, MetricVerdict, Provenance, Verdict
from harness.render import line, percent
from harness.render.verdicts import bounds, counted, figures, regressions, rests_on

SHOWN = 10
LONGEST, SHORT = 400, 60
METRICS = ("metric", "ruling", "baseline", "candidate", "difference", "interval", "allowed", "p adjusted", "detectable")
SLICES = ("axis", "value", "metric", "difference", "p adjusted", "pairs", "clusters")
POWER = ("metric", "trials", "clusters", "power", "detectable")


def say_verdict(verdict: Verdict, *, explain: bool) -> None:
    """Print the verdict and what it rests on; ``explain`` adds power, every slice, and the digests of both sides."""
    with _commands_stopped():
        say(f"{verdict.answer}: {line(verdict.reason, LONGEST)}")
        say(f"exit code {verdict.exit_code}, {counted(regressions(verdict), 'regression')}")
        _say_some("why nothing can be said", _plain(verdict.invalid))
        _say_some("broken invariants", list(_counterexamples(verdict)))
        _say_some("golden traces", list(_golden_changes(verdict)))
        _say_metrics(verdict)
        _say_some("passed always and do not any more", [_lost(one) for one in verdict.hard_breaks])
        _say_slices(verdict, explain=explain)
        _say_some("quarantine", list(_quarantined(verdict)))
        _say_some("expectation changed", _plain(verdict.expectation_changed))
        if explain:
            _say_power(verdict)
            for side in (*_side("baseline", verdict.baseline), *_side("candidate", verdict.candidate)):
                say(line(side, LONGEST))
        for sentence in (*bounds(verdict), *verdict.notes, rests_on(verdict)):
            say(line(sentence, LONGEST))


@contextmanager
def _commands_stopped() -> Iterator[None]:
    """Keep a GitHub runner from obeying what stands in a message; it knows only who made the token up."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        yield
        return
    token = secrets.token_hex(16)
    say(f"::stop-commands::{token}")
    try:
        yield
    finally:
        say(f"::{token}::")


def _say_some(title: str, told: Sequence[tuple[str, str | None]]) -> None:
    """Print the first few under a heading, each with the command that plays it again."""
    if told:
        say(f"{title}:")
    for text, replay in told[:SHOWN]:
        say(f"  {line(text, LONGEST)}")
        if replay:
            say(f"    {line(replay)}")
    if len(told) > SHOWN:
        say(f"  and {len(told) - SHOWN} more in verdict.json")


def _plain(texts: Sequence[str]) -> list[tuple[str, str | None]]:
    return [(text, None) for text in texts]


def _counterexamples(verdict: Verdict) -> Iterator[tuple[str, str | None]]:
    for one in verdict.counterexamples:
        where = f"{one.task} under {one.fault_plan_id}, {counted(one.trials, 'trial')}"
        yield f"{one.rule} in {where}: {one.message}", one.replay


def _golden_changes(verdict: Verdict) -> Iterator[tuple[str, str | None]]:
    for one in verdict.golden_changes:
        yield f"{one.change} {one.task} under {one.fault_plan_id}, trial {one.trial}: {one.message}", one.replay


def _lost(one: HardBreak) -> tuple[str, str | None]:
    change = f"{one.before[0]} of {one.before[1]}, now {one.after[0]} of {one.after[1]}"
    return f"{one.task} under {one.fault_plan_id}: {change}{'' if one.gated else ' (shown only)'}", one.replay


def _quarantined(verdict: Verdict) -> Iterator[tuple[str, str | None]]:
    for one in verdict.quarantined:
        until = f"{'expired on' if one.expired else 'until'} {one.expires}"
        yield f"{one.task}, {one.passed} of {one.trials} passed, {until}, {one.owner}: {one.reason}", None


def _say_metrics(verdict: Verdict) -> None:
    rows = [
        (
            line(one.name, SHORT),
            figures.RULINGS[one.ruling] + ("" if one.gated else " (shown only)"),
            figures.value(one, one.baseline),
            figures.value(one, one.candidate),
            figures.difference(one, one.difference),
            figures.interval(one),
            figures.limit(one),
            figures.p_value(one.p_adjusted),
            figures.detectable(one),
        )
        for one in verdict.metrics
    ]
    if rows:
        say_table("", METRICS, rows)
    _say_some("metrics", [(_why(one), None) for one in verdict.metrics if one.ruling != "pass"])


def _why(one: MetricVerdict) -> str:
    worse = f"; worse: {', '.join(one.worse[:SHOWN])}" if one.worse else ""
    more = f" and {len(one.worse) - SHOWN} more" if len(one.worse) > SHOWN else ""
    needs = (
        f"; {counted(one.more_trials, 'more trial')} for each task and plan would decide it" if one.more_trials else ""
    )
    return f"{one.reason}{needs}{worse}{more}"


def _say_slices(verdict: Verdict, *, explain: bool) -> None:
    rows = [
        (
            *(line(text, SHORT) for text in (one.axis, one.value, one.metric)),
            one.difference,
            figures.p_value(one.p_adjusted),
            one.pairs,
            one.clusters,
        )
        for one in verdict.slices
        if explain or one.flagged
    ]
    if rows:
        say_table("slices" if explain else "slices that stand out", SLICES, rows)


def _say_power(verdict: Verdict) -> None:
    rows = [
        (line(one.metric, SHORT), one.trials, one.clusters, percent(one.power), one.detectable) for one in verdict.power
    ]
    if rows:
        say_table("power to pass an equal candidate, by trials for each task and plan", POWER, rows)


def _side(name: str, side: Provenance | None) -> Iterator[str]:
    if side is None:
        yield f"{name}: there is none"
        return
    yield f"{name}: {side.source}, agent {side.agent}, {counted(side.trials, 'trial')}, {', '.join(side.brains)}"
    for what, digest in sorted(side.digests.items()):
        yield f"{name} {what}: {digest}"
