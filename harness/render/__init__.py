"""What people look at: one self-contained HTML file made from a results folder, or from an exploration.

Turns the plain data of ``analysis`` and ``exploration`` into pages; decides nothing. Templates, style and script
lie in the pack's ``reports/``.
"""

from harness.render.exploration import Asked, render_exploration, write_exploration
from harness.render.numbers import number, percent, seconds, usd
from harness.render.report import render_report, write_report
from harness.render.text import shown

__all__ = [
    "Asked",
    "number",
    "percent",
    "render_exploration",
    "render_report",
    "seconds",
    "shown",
    "usd",
    "write_exploration",
    "write_report",
]
