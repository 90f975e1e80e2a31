"""What people look at: one self-contained HTML file made from a results folder.

Turns the plain data of ``analysis`` into pages; decides nothing. Templates, style and script
lie in the pack's ``reports/``.
"""

from harness.render.numbers import number, percent, seconds, usd
from harness.render.report import render_report, write_report
from harness.render.text import shown

__all__ = ["number", "percent", "render_report", "seconds", "shown", "usd", "write_report"]
