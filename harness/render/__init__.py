"""What people look at: one self-contained HTML file made from a results folder.

Turns the plain data of ``analysis`` into pages; decides nothing. Templates, style and script
lie in the pack's ``reports/``.
"""

from harness.render.report import render_report, write_report
from harness.render.text import shown

__all__ = ["render_report", "shown", "write_report"]
