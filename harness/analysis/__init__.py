"""What the results mean: pure functions from a results folder to tables, findings and timelines, as plain data.

Only reads; nothing here starts a trial or knows how things look.
"""

from harness.analysis.attacks import AttackCall, attack_calls, attack_calls_of
from harness.analysis.consistency import ConsistencyRow, consistency
from harness.analysis.expectations import Unmet, as_expected, unexpected
from harness.analysis.families import Coverage, FamilyRow, PlanCell, PlanTable, coverage, family_table, plan_tables
from harness.analysis.findings import Finding, findings, replay_command
from harness.analysis.guards import GuardRow, Share, guard_costs
from harness.analysis.headline import Sentence, headline
from harness.analysis.heat_map import HeatCell, HeatMap, HeatRow, heat_maps
from harness.analysis.operations import OperationsRow, operations
from harness.analysis.results import Breach, Fault, Results, Run, Trial, load_results
from harness.analysis.scores import ScoreCell, ScoreRow, ScoreTable, score_tables
from harness.analysis.selection import Selection, select
from harness.analysis.storyline import StoryRow, storyline
from harness.analysis.summary import Summary, summarise
from harness.analysis.timeline import Bar, Lane, Mark, Timeline, timeline, timelines
from harness.analysis.verdicts import VERDICTS, WORST_FIRST, VerdictRow, verdict_table

__all__ = [
    "VERDICTS",
    "WORST_FIRST",
    "AttackCall",
    "Bar",
    "Breach",
    "ConsistencyRow",
    "Coverage",
    "FamilyRow",
    "Fault",
    "Finding",
    "GuardRow",
    "HeatCell",
    "HeatMap",
    "HeatRow",
    "Lane",
    "Mark",
    "OperationsRow",
    "PlanCell",
    "PlanTable",
    "Results",
    "Run",
    "ScoreCell",
    "ScoreRow",
    "ScoreTable",
    "Selection",
    "Sentence",
    "Share",
    "StoryRow",
    "Summary",
    "Timeline",
    "Trial",
    "Unmet",
    "VerdictRow",
    "as_expected",
    "attack_calls",
    "attack_calls_of",
    "consistency",
    "coverage",
    "family_table",
    "findings",
    "guard_costs",
    "headline",
    "heat_maps",
    "load_results",
    "operations",
    "plan_tables",
    "replay_command",
    "score_tables",
    "select",
    "storyline",
    "summarise",
    "timeline",
    "timelines",
    "unexpected",
    "verdict_table",
]
