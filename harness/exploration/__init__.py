"""Every place where a run can be hurt, hurt there in every way; and the smallest plan that breaks it.

Starts trials and judges them by what scoring says; what many trials mean statistically is said in the analysis.
"""

from harness.exploration.corpus import regressions_for, save
from harness.exploration.explore import Exploration, explore
from harness.exploration.findings import (
    FAULTS_NAMED,
    Cell,
    Failure,
    Findings,
    Fired,
    PlanFound,
    Twin,
    failing,
    findings,
)
from harness.exploration.minimise import minimise
from harness.exploration.outcomes import BLAMED, FAILING, OUTCOMES, Outcome, outcome_of
from harness.exploration.played import Memory, Played, play
from harness.exploration.primitives import PRIMITIVES
from harness.exploration.shrink import Shrunk, shrink
from harness.exploration.targets import bases_of

__all__ = [
    "BLAMED",
    "FAILING",
    "FAULTS_NAMED",
    "OUTCOMES",
    "PRIMITIVES",
    "Cell",
    "Exploration",
    "Failure",
    "Findings",
    "Fired",
    "Memory",
    "Outcome",
    "PlanFound",
    "Played",
    "Shrunk",
    "Twin",
    "bases_of",
    "explore",
    "failing",
    "findings",
    "minimise",
    "outcome_of",
    "play",
    "regressions_for",
    "save",
    "shrink",
]
