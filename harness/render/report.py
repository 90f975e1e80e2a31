"""``report.html``: what the analysis found, put on one page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

from harness.analysis import (
    VERDICTS,
    Results,
    ScoreRow,
    ScoreTable,
    Selection,
    Timeline,
    as_expected,
    coverage,
    family_table,
    findings,
    guard_costs,
    headline,
    heat_maps,
    operations,
    plan_tables,
    replay_command,
    score_tables,
    select,
    storyline,
    timelines,
    unexpected,
    verdict_table,
)
from harness.render.geometry import picture
from harness.render.grid import grid
from harness.render.numbers import HARM, METRIC_GROUPS
from harness.render.page import packed, page
from harness.render.templates import environment
from harness.store import write_whole

REPORT = "report.html"
FINDINGS_SHOWN = 6
MOST_TIMELINES = 300
MOST_TIMELINE_BYTES = 8_000_000


def write_report(results: Results) -> Path:
    """Write ``report.html`` into the folder that the results lie in, and return its path."""
    path = results.folder / REPORT
    write_whole(path, render_report(results).encode())
    return path


def render_report(results: Results) -> str:
    """Return the report as HTML; the same results give the same bytes."""
    found, unmet = findings(results), unexpected(results)
    selection = select(results, found, unmet)
    pictures = _pictures(results, selection)
    rows = verdict_table(results)
    bad = pictures.keys() & set(selection.bad)
    return page(
        "report",
        {
            "title": ", ".join(row.scenario for row in rows[:1]) or "no trials",
            "verdicts": VERDICTS,
            "sentences": headline(results),
            "verdict_rows": rows,
            "unexpected": unmet,
            "as_expected": as_expected(results),
            "findings": [one for one in found if not one.blocked],
            "findings_shown": FINDINGS_SHOWN,
            "blocked": [one for one in found if one.blocked],
            "maps": heat_maps(results),
            "scores": [(table, _grouped(table)) for table in score_tables(results)],
            "harm": HARM,
            "operations": operations(results),
            "guards": guard_costs(results),
            "families": family_table(results),
            "coverage": coverage(results),
            "plans": plan_tables(results),
            "trials": len(results.trials),
            "faults_fired": sum(fault.fired for fault in results.faults),
            "grid": packed(grid(results, pictures.keys())),
            "pictured": pictures.keys(),
            "bad_pictures": [pictures[one] for one in selection.bad if one in bad],
            "held_pictures": [pictures[one] for one in selection.held if one in pictures and one not in bad],
            "left_out": len(selection.bad) - len(bad),
            "manifest": results.manifest,
            "brains": sorted({trial.brain for trial in results.trials}),
            "folder": str(results.folder),
        },
    )


def _grouped(table: ScoreTable) -> list[tuple[str, list[ScoreRow]]]:
    """Return the rows of a score table under their headings; metrics without one come last."""
    rows = {row.metric: row for row in table.rows}
    groups = [(heading, [rows.pop(name) for name in names if name in rows]) for heading, names in METRIC_GROUPS]
    return [group for group in [*groups, ("Other", list(rows.values()))] if group[1]]


def _pictures(results: Results, selection: Selection) -> dict[str, str]:
    """Return the drawn timelines by trial, up to the most that one page should hold."""
    chosen = list(dict.fromkeys([*selection.bad[:MOST_TIMELINES], *selection.held]))
    drawn: dict[str, str] = {}
    size = 0
    for trial_id, markup in zip(chosen, _draw(results, chosen), strict=True):
        size += len(markup.encode())
        if size > MOST_TIMELINE_BYTES:
            break
        drawn[trial_id] = markup
    return drawn


def _draw(results: Results, trial_ids: Sequence[str]) -> Iterator[str]:
    template = environment().get_template("parts/trial.html.j2")
    histories = results.events(trial_ids)
    for one in timelines(results, trial_ids):
        yield template.render(
            trial=results.by_id[one.trial_id],
            timeline=one,
            picture=picture(one),
            story=storyline(histories.get(one.trial_id, [])),
            rows=_lines(one),
            replay=replay_command(results, one.trial_id),
        )


def _lines(one: Timeline) -> list[dict[str, Any]]:
    """Return bars and marks as one list in the order in which they began; a mark has no end."""
    bars = [{"seq": bar.seq, "start_s": bar.start_s, "end_s": bar.end_s, "text": bar.detail} for bar in one.bars]
    marks = [{"seq": mark.seq, "start_s": mark.time_s, "end_s": None, "text": mark.detail} for mark in one.marks]
    return sorted([*bars, *marks], key=itemgetter("seq"))
