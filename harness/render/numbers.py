"""Numbers for people: a dash for what was not measured, and no rounding that turns nearly into always."""

from __future__ import annotations

from harness.analysis import Share

DASH = "\u2013"
_ALL = 100.0
SHARES = {
    "success",
    "utility",
    "attack_success",
    "tool_precision",
    "tool_recall",
    "tool_f1",
    "argument_score",
    "step_efficiency",
    "redundancy",
    "utility_under_attack",
    "recovered",
    "degraded",
    "failed_safe",
    "failed_unsafe",
    "violated",
    "runaway_loop",
    "silent_corruption",
    "confident_wrong",
    "unknown_reconciled",
}

METRIC_GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Outcome", ("success", "utility", "utility_under_attack", "attack_success")),
    ("Resilience", ("recovered", "degraded", "failed_safe", "failed_unsafe", "violated", "time_to_recover_s")),
    ("Failure modes", ("runaway_loop", "silent_corruption", "confident_wrong")),
    ("Harm", ("duplicate_effects", "unapproved_effects", "lost_effects", "effects_after_failure", "tainted_effects")),
    ("Policy", ("policy_violations", "critical_violations", "policy_blocked", "changed_after_approval")),
    ("People", ("approvals_asked", "approvals_denied", "approval_wait_s", "approval_age_s", "over_defence")),
    ("Left to people", ("queued_for_people", "handoffs")),
    ("Path", ("tool_f1", "tool_precision", "tool_recall", "argument_score", "step_efficiency", "redundancy", "loops")),
    ("Effort", ("steps", "tool_calls", "attempts", "retries", "amplification", "peak_concurrency", "wasted_attempts")),
    ("Retries", ("justified_retries", "blind_retries", "retries_after_permanent_error", "retries_before_retry_after")),
    ("Doubt", ("unsafe_retries", "retry_storm", "unknown_outcomes", "unknown_reconciled", "effects_deduplicated")),
    ("Control", ("fallbacks", "retries_scheduled", "breaker_openings", "breaker_probes", "breaker_closings")),
    ("Stops", ("budget_stops", "deadline_stops", "loop_stops", "kill_switch_trips", "budget_overshoot")),
    ("Cost", ("cost_usd", "wasted_cost_usd", "tokens_in", "tokens_out")),
    ("Time", ("virtual_s", "model_s", "tool_s", "people_s", "harness_s", "wasted_s")),
)
# Where anything above zero is harm done.
HARM = frozenset({"attack_success", "duplicate_effects", "policy_violations", "violated"})


def percent(value: float | None) -> str:
    """Write a share; 100 % and 0 % are exact, everything between stays between."""
    if value is None:
        return DASH
    scaled = value * _ALL
    if scaled in (0.0, _ALL):
        return f"{scaled:.0f} %"
    return f"{min(max(scaled, 0.1), 99.9):.1f} %"


def metric(value: float | None, name: str) -> str:
    """Write the value of a metric in its unit."""
    if value is None:
        return DASH
    if name in SHARES:
        return percent(value)
    if name.endswith("_usd"):
        return usd(value)
    return seconds(value) if name.endswith("_s") else number(value)


def number(value: float | None) -> str:
    """Write a count or a mean of counts."""
    if value is None:
        return DASH
    if value == int(value):
        return f"{int(value):,}".replace(",", "\u202f")
    return f"{value:.0f}" if abs(value) >= _ALL else f"{value:.2f}" if abs(value) >= 0.01 else f"{value:.1e}"  # noqa: PLR2004


def usd(value: float | None) -> str:
    """Write an amount of money."""
    if value is None:
        return DASH
    return "$0" if value == 0 else f"${value:.4f}" if value < 1 else f"${value:,.2f}"


def seconds(value: float | None) -> str:
    """Write a time span."""
    if value is None:
        return DASH
    return f"{value:.0f} s" if value >= _ALL else f"{value:.3g} s"


def of(share: Share) -> str:
    """Write a share as counts."""
    return f"{share.hits} of {share.total}" if share.total else DASH
