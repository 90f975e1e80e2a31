"""The step summary of GitHub Actions: Markdown in which nothing that a stranger wrote is markup."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from harness.deciding import MetricVerdict, Verdict
from harness.render.numbers import DASH, number, percent
from harness.render.text import line
from harness.render.verdicts import figures
from harness.render.verdicts.cases import regressions
from harness.render.verdicts.figures import RULINGS, counted
from harness.render.verdicts.sentences import bounds, rests_on

MOST_BYTES = 900 * 1024
# The sentence that says what is left out has to fit in any case.
_ROOM = MOST_BYTES - 2_048
_LONGEST = 1_000
_TICKS = re.compile(r"`+")
_NUMBERED = re.compile(r"^(\d+)\.")
_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#!|~&:$^=+-]|(?i:(?<=www)\.))")


class Section(msgspec.Struct, frozen=True):
    """A heading, what comes before its items (the head of a table), and the items, each whole or left out."""

    title: str
    items: tuple[str, ...]
    head: str = ""


def step_summary(verdict: Verdict) -> str:
    """Return Markdown of less than 900 KiB; what does not fit is left out, and a last sentence says what."""
    text = _opening(verdict)
    size, left_out = len(text.encode()), []
    for section in _sections(verdict):
        opening = f"\n### {section.title}\n\n{section.head}"
        size += len(opening.encode())
        fits = _fitting(section.items, _ROOM - size)
        text += opening + "".join(section.items[:fits])
        size += sum(len(item.encode()) for item in section.items[:fits])
        if fits < len(section.items):
            left_out.append(f"{number(len(section.items) - fits)} of “{section.title}”")
    if left_out:
        text += f"\nLeft out here for want of room: {', '.join(left_out)}. All of it is in `verdict.json`.\n"
    return text


def prose(text: str) -> str:
    """Return text as Markdown that shows just that text: no markup, no link, no mention."""
    inert = _MARKUP.sub(r"\\\1", line(text, _LONGEST).strip(" ")).replace("@", "`@`")
    return _NUMBERED.sub(r"\1\.", inert)


def code(text: str) -> str:
    """Return text as a code span that it can not end, fit for a cell of a table."""
    inside = line(text, _LONGEST).replace("|", "⟨U+007C⟩").strip(" ")
    if not inside:
        return DASH
    ticks = "`" * (max(map(len, _TICKS.findall(inside)), default=0) + 1)
    pad = " " if "`" in (inside[0], inside[-1]) else ""
    return f"{ticks}{pad}{inside}{pad}{ticks}"


def _fitting(items: Sequence[str], room: int) -> int:
    """Count the items from the first on that fit into ``room`` bytes together."""
    for count, item in enumerate(items):
        room -= len(item.encode())
        if room < 0:
            return count
    return len(items)


def _opening(verdict: Verdict) -> str:
    count = counted(regressions(verdict), "regression")
    said = [
        f"## Agent gate: {verdict.answer}",
        f"{verdict.answer}: {prose(verdict.reason)}",
        f"Exit code **{verdict.exit_code}**, **{count}**. {prose(rests_on(verdict))}",
        *bounds(verdict),
    ]
    return "\n\n".join(said) + "\n"


def _sections(verdict: Verdict) -> Iterator[Section]:
    made = (
        Section("Why nothing can be said", _points(verdict.invalid)),
        Section("Broken invariants", tuple(_counterexamples(verdict))),
        Section("Golden traces", tuple(_golden_changes(verdict))),
        _table(
            "Metrics",
            "metric|ruling|baseline|candidate|difference|interval|allowed|p adjusted|detectable",
            _rows(verdict),
        ),
        Section("Why so", tuple(_reasons(verdict.metrics))),
        Section("Tasks that always passed and do not any more", tuple(_hard_breaks(verdict))),
        _table("Slices that stand out", "axis|value|metric|difference|p adjusted|pairs|clusters", _slices(verdict)),
        Section("Quarantine", tuple(_quarantined(verdict))),
        Section("Expectation changed", _points(verdict.expectation_changed)),
        Section("Notes", _points(verdict.notes)),
    )
    return (one for one in made if one.items)


def _table(title: str, columns: str, rows: Iterator[Sequence[str]]) -> Section:
    names = columns.split("|")
    head = f"{_row(names)}{_row(['---'] * len(names))}"
    return Section(title, tuple(_row(row) for row in rows), head)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _points(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"- {prose(text)}\n" for text in texts)


def _counterexamples(verdict: Verdict) -> Iterator[str]:
    for one in verdict.counterexamples:
        where = f"{code(one.task)} under {code(one.fault_plan_id)}, {counted(one.trials, 'trial')}"
        yield f"- **{prose(one.rule)}** in {where}: {code(one.message)}\n  {code(one.replay)}\n"


def _golden_changes(verdict: Verdict) -> Iterator[str]:
    for one in verdict.golden_changes:
        replay = f"\n  {code(one.replay)}" if one.replay else ""
        where = f"{code(one.task)} under {code(one.fault_plan_id)}, trial {one.trial}"
        yield f"- **{one.change}** {where}: {code(one.message)}{replay}\n"


def _rows(verdict: Verdict) -> Iterator[Sequence[str]]:
    for one in verdict.metrics:
        yield (
            code(one.name),
            f"{'**' if one.gated else ''}{RULINGS[one.ruling]}{'**' if one.gated else ' (shown only)'}",
            figures.value(one, one.baseline),
            figures.value(one, one.candidate),
            figures.difference(one, one.difference),
            figures.interval(one),
            figures.limit(one),
            figures.p_value(one.p_adjusted),
            figures.detectable(one),
        )


def _reasons(metrics: Sequence[MetricVerdict]) -> Iterator[str]:
    for one in metrics:
        if one.ruling != "pass":
            worse = f"; worse: {code(', '.join(one.worse))}" if one.worse else ""
            yield f"- {prose(one.reason)}{worse}\n"


def _hard_breaks(verdict: Verdict) -> Iterator[str]:
    for one in verdict.hard_breaks:
        change = f"{one.before[0]} of {one.before[1]} → {one.after[0]} of {one.after[1]}"
        gated = "" if one.gated else " (shown only)"
        yield f"- {code(one.task)} under {code(one.fault_plan_id)}: {change}{gated}\n  {code(one.replay)}\n"


def _slices(verdict: Verdict) -> Iterator[Sequence[str]]:
    for one in verdict.slices:
        if one.flagged:
            apart, p = f"{one.difference:+.3g}", figures.p_value(one.p_adjusted)
            yield (code(one.axis), code(one.value), code(one.metric), apart, p, number(one.pairs), number(one.clusters))


def _quarantined(verdict: Verdict) -> Iterator[str]:
    for one in verdict.quarantined:
        until = f"**expired** {code(one.expires)}" if one.expired else f"until {code(one.expires)}"
        share = percent(one.passed / one.trials) if one.trials else DASH
        yield f"- {code(one.task)}, {share} passed, {until}, {code(one.owner)}: {code(one.reason)}\n"
