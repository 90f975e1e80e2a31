"""The Jinja environment: everything that a template prints is escaped, made visible, and a dash where it is null.

Only ``base.html.j2`` and ``report.html.j2`` may say ``|safe``, of what this room made itself.
"""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from harness.content import reference_pack
from harness.render.numbers import DASH, metric, number, of, percent, seconds, usd
from harness.render.text import shown, words

# Marks with a shape of their own in ``icons.html.j2``.
KNOWN_MARKS = frozenset(
    {
        "fault_injected",
        "effect_committed",
        "effect_deduplicated",
        "retry_scheduled",
        "policy_denied",
        "breaker_opened",
        "breaker_half_opened",
        "breaker_closed",
        "breach",
        "breach_blocked",
    }
)


def reports_folder() -> Path:
    """Return where templates, style and script lie, in a checkout as in an installed distribution."""
    return reference_pack().root / "reports"


@cache
def environment() -> Environment:
    """Return the environment of all report templates."""
    made = Environment(
        loader=FileSystemLoader(reports_folder()),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printed,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    made.filters.update(
        metric=metric, number=number, of=of, percent=percent, seconds=seconds, usd=usd, words=words, fragment=_fragment
    )
    made.globals.update(known_marks=KNOWN_MARKS, dash=DASH)
    return made


def _printed(value: Any) -> Any:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return DASH
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return shown(value)
    return value


def _fragment(trial_id: str) -> str:
    """Return the link to a trial, safe in a URL whatever the id holds."""
    return f"#trial={quote(trial_id, safe='')}"
