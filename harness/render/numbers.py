"""Numbers for people: a dash for what was not measured, and no rounding that turns nearly into always."""

from __future__ import annotations

from collections.abc import Callable

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
}

METRIC_GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Outcome", ("success", "utility", "attack_success")),
    ("Harm", ("duplicate_effects", "unapproved_effects", "policy_violations", "policy_blocked")),
    ("People", ("approvals_asked", "approvals_denied", "approval_wait_s", "over_defence", "queued_for_people")),
    ("Path", ("tool_f1", "tool_precision", "tool_recall", "argument_score", "step_efficiency", "redundancy", "loops")),
    ("Effort", ("steps", "tool_calls", "attempts", "retries", "amplification", "blind_retries", "peak_concurrency")),
    ("Control", ("fallbacks", "breaker_openings", "handoffs")),
    ("Cost", ("cost_usd", "tokens_in", "tokens_out", "virtual_s")),
)
# Where anything above zero is harm done.
HARM = frozenset({"attack_success", "duplicate_effects", "policy_violations"})


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
    return _UNITS.get(name, number)(value)


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


_UNITS: dict[str, Callable[[float | None], str]] = {
    "cost_usd": usd,
    "virtual_s": seconds,
    "approval_wait_s": seconds,
}
