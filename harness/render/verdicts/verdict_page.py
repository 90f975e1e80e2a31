"""``verdict.html``: the verdict on one page that opens from disk."""

from __future__ import annotations

from typing import Any

from harness.deciding import Verdict
from harness.render.page import page
from harness.render.verdicts import figures
from harness.render.verdicts.cases import regressions
from harness.render.verdicts.forest import forest
from harness.render.verdicts.sentences import bounds, rests_on

MOST_CARDS, CARDS_SHOWN = 300, 10
# Shapes and colours that the other pages use for the like.
_MARKS = {
    "PASS": "passed",
    "IDENTICAL": "passed",
    "FAIL": "violated",
    "INCONCLUSIVE": "misled",
    "INVALID": "harness_error",
    "pass": "passed",
    "pass_worse": "degraded",
    "fail": "violated",
    "inconclusive": "misled",
    "insufficient": "not_triggered",
}


def render_verdict(verdict: Verdict) -> str:
    """Return the page as HTML; the same verdict gives the same bytes."""
    context: dict[str, Any] = {
        "title": verdict.answer,
        "verdict": verdict,
        "marks": _MARKS,
        "rulings": figures.RULINGS,
        "figures": figures,
        "counted": figures.counted,
        "regressions": regressions(verdict),
        "rests_on": rests_on(verdict),
        "bounds": tuple(bounds(verdict)),
        "plot": forest(verdict.metrics),
        "flagged": [one for one in verdict.slices if one.flagged],
        "calm": [one for one in verdict.slices if not one.flagged],
        "most": MOST_CARDS,
        "cards_shown": CARDS_SHOWN,
    }
    return page("verdict", context)
