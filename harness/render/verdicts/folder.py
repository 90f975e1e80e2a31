"""The four files of a verdict in one folder."""

from __future__ import annotations

from pathlib import Path

from harness.deciding import Verdict
from harness.render.verdicts.document import verdict_json
from harness.render.verdicts.junit import junit_xml
from harness.render.verdicts.markdown import step_summary
from harness.render.verdicts.verdict_page import render_verdict
from harness.store import write_whole


def write_verdict(verdict: Verdict, folder: Path) -> dict[str, Path]:
    """Write ``verdict.json``, ``junit.xml``, ``summary.md`` and ``verdict.html``, and return their paths by name."""
    contents = {
        "verdict.json": verdict_json(verdict),
        "junit.xml": junit_xml(verdict),
        "summary.md": step_summary(verdict).encode(),
        "verdict.html": render_verdict(verdict).encode(),
    }
    for name, content in contents.items():
        write_whole(folder / name, content)
    return {name: folder / name for name in contents}
