"""Triage: what got worse, where it parted from the baseline, what made it part, and how to play it again.

What comes in: two sides of results, or one with failing trials. Trials are played anew only to find a cause.
"""

from harness.triage.alignment import Row, align
from harness.triage.attribution import Attribution, Swap, attribute
from harness.triage.bisecting import BISECT_EXIT, bisect_state
from harness.triage.causality import Causality, Point, causality
from harness.triage.clusters import Cluster
from harness.triage.divergence import Divergence, Parted, part
from harness.triage.enrichment import Enriched
from harness.triage.replays import Replayed, Replays
from harness.triage.reproduction import Commands, Reproduction
from harness.triage.steps import Step, steps_of
from harness.triage.transitions import TRANSITIONS, FlakyCell, Transition, is_failing, transition
from harness.triage.triage import Depth, Explained, Line, Triage, triage, triage_one

__all__ = [
    "BISECT_EXIT",
    "TRANSITIONS",
    "Attribution",
    "Causality",
    "Cluster",
    "Commands",
    "Depth",
    "Divergence",
    "Enriched",
    "Explained",
    "FlakyCell",
    "Line",
    "Parted",
    "Point",
    "Replayed",
    "Replays",
    "Reproduction",
    "Row",
    "Step",
    "Swap",
    "Transition",
    "Triage",
    "align",
    "attribute",
    "bisect_state",
    "causality",
    "is_failing",
    "part",
    "steps_of",
    "transition",
    "triage",
    "triage_one",
]
