"""Statistics: what numbers of two arms say, and how sure that is.

Pure functions of numbers; nothing in here knows what a trial or a metric is. Every function names its formula and its
source. What comes in must be calibrated: ``benchmarks/calibration.py`` plays the rules ten thousand times, the closed
forms are tested against scipy and statsmodels.
"""

from harness.statistics.binomial import (
    Interval,
    design_effect,
    p_enriched,
    p_mcnemar,
    p_mcnemar_worse,
    rate_at_most,
    wilson,
    wilson_clustered,
)
from harness.statistics.consistency import outcome_consistency, pass_at_k, pass_hat_k
from harness.statistics.decision import CLUSTERS_MIN, Decision, Verdict, decide, decide_many
from harness.statistics.looks import LookPlan, breaks, look_alphas
from harness.statistics.multiplicity import benjamini_hochberg, holm
from harness.statistics.paired import (
    WORST_DIFFERENCE,
    Estimate,
    as_ratio,
    estimate,
    log_ratios,
    p_below,
    p_sign_flip,
    worst_log_ratio,
)
from harness.statistics.power import (
    SpreadParts,
    clusters_to_pass,
    clusters_when_identical,
    identical_bound,
    minimum_detectable_effect,
    pass_power,
    spread_parts,
    t_power,
    trials_to_pass,
)

__all__ = [
    "CLUSTERS_MIN",
    "WORST_DIFFERENCE",
    "Decision",
    "Estimate",
    "Interval",
    "LookPlan",
    "SpreadParts",
    "Verdict",
    "as_ratio",
    "benjamini_hochberg",
    "breaks",
    "clusters_to_pass",
    "clusters_when_identical",
    "decide",
    "decide_many",
    "design_effect",
    "estimate",
    "holm",
    "identical_bound",
    "log_ratios",
    "look_alphas",
    "minimum_detectable_effect",
    "outcome_consistency",
    "p_below",
    "p_enriched",
    "p_mcnemar",
    "p_mcnemar_worse",
    "p_sign_flip",
    "pass_at_k",
    "pass_hat_k",
    "pass_power",
    "rate_at_most",
    "spread_parts",
    "t_power",
    "trials_to_pass",
    "wilson",
    "wilson_clustered",
    "worst_log_ratio",
]
