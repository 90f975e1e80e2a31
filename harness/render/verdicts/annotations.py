"""Workflow commands of GitHub Actions, which show what is wrong on the pull request."""

from __future__ import annotations

from harness.deciding import Verdict
from harness.render.text import line, shown
from harness.render.verdicts.cases import against, regressions
from harness.render.verdicts.figures import counted

MOST = 10
LONGEST_TITLE, LONGEST_MESSAGE = 120, 2_000


def error_annotations(verdict: Verdict) -> str:
    """Return at most ten ``::error`` commands, one a line: the verdict, then the gravest; empty where it is green."""
    red = against(verdict)
    if not red:
        return ""
    first, *rest = red
    more = len(rest) - (MOST - 1)
    left_out = f"; {more} more in the step summary" if more > 0 else ""
    counts = f"exit code {verdict.exit_code}, {counted(regressions(verdict), 'regression')}{left_out}"
    commands = [_error(f"agent gate: {verdict.answer}", first.message, counts)]
    commands += [_error(f"{one.kind}: {one.name}", one.message, one.replay) for one in rest[: MOST - 1]]
    return "".join(f"{command}\n" for command in commands)


def _error(title: str, message: str, replay: str | None = None) -> str:
    """Escape as the runner unescapes: it replaces %25 last, so that is escaped first."""
    heading = _escaped(line(title, LONGEST_TITLE)).replace(":", "%3A").replace(",", "%2C")
    cut = message if len(message) <= LONGEST_MESSAGE else f"{message[:LONGEST_MESSAGE]}…"
    told = shown(cut) + (f"\n{line(replay, LONGEST_MESSAGE)}" if replay else "")
    return f"::error title={heading}::{_escaped(told)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
