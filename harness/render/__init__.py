"""What people and machines are shown: pages of a results folder and of an exploration, and every output of a verdict.

Turns the plain data of ``analysis``, ``exploration`` and ``deciding`` into them; decides nothing. Templates, style and
script lie in the pack's ``reports/``.
"""

from harness.render.exploration import Asked, render_exploration, write_exploration
from harness.render.numbers import number, percent, seconds, usd
from harness.render.report import render_report, write_report
from harness.render.text import line, shown
from harness.render.verdicts import (
    bounds,
    error_annotations,
    junit_xml,
    read_verdict,
    regressions,
    render_verdict,
    rests_on,
    step_summary,
    verdict_json,
    write_verdict,
)

__all__ = [
    "Asked",
    "bounds",
    "error_annotations",
    "junit_xml",
    "line",
    "number",
    "percent",
    "read_verdict",
    "regressions",
    "render_exploration",
    "render_report",
    "render_verdict",
    "rests_on",
    "seconds",
    "shown",
    "step_summary",
    "usd",
    "verdict_json",
    "write_exploration",
    "write_report",
    "write_verdict",
]
