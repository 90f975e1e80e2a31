"""Verdicts to render: one with everything in it, one for each answer, and any that Hypothesis can think of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

import msgspec
from hypothesis import strategies as st

from harness.deciding import (
    Counterexample,
    GoldenChange,
    HardBreak,
    MetricVerdict,
    Power,
    Provenance,
    Quarantined,
    Slice,
    Verdict,
)
from harness.deciding.verdict import Answer, Ruling

ANSWERS: tuple[Answer, ...] = get_args(Answer)
NASTY = (
    "]]><failure/>",
    "\n::error::injected",
    "##[error]injected",
    "::add-mask::x",
    "%0A::error::injected",
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "``` ` ```` @team",
    "@team ![a](https://example.org/a.png) <b>",
    "[a](javascript:alert(1)) www.example.org https://example.org",
    "| a | b |",
    "a\\|b",
    "1. one",
    "    # heading",
    "[/red] \\[bold] [link=https://example.org]a",
    ":smile:",
    "\u202egnp.exe\u2066\u200b",
    "\x00\x1b[31m\ufffe\x85\u2028\r\n\n",
    "{{ 7 * 7 }}",
    "x" * 3_000,
    "",
)


def metric(name: str, ruling: Ruling, **known: Any) -> MetricVerdict:
    """Return a metric of 412 pairs; what is not given is a rate that is gated and may lose 3 points."""
    given = {"kind": "rate", "better": "higher", "margin": 0.03, "gated": True, "reason": "so it is", "pairs": 412}
    return MetricVerdict(**{"name": name, "ruling": ruling, "clusters": 37, **given, **known})


def counterexample(message: str = "a refund without an approval", rule: str = "policy_violation") -> Counterexample:
    """Return one broken invariant."""
    return Counterexample(rule, "bowls_in_shards", "refunds", "busy", "0123", 7, message, "harness replay cand 0123")


_SIDE = Provenance("runs/base", "reference", ("simulated",), 412, {"suite": "ab" * 32, "tools": "cd" * 32})
EVERYTHING = Verdict(
    answer="FAIL",
    reason="an invariant is broken, and steps are worse than the margin allows",
    baseline=_SIDE,
    candidate=_SIDE,
    pairs=412,
    clusters=37,
    brains=("simulated",),
    invalid=("3 % of the trials are harness errors",),
    expectation_changed=("policy.md differs",),
    counterexamples=(counterexample(),),
    violation_bound=0.0072,
    golden_changes=(
        GoldenChange("changed", "order_status", "status", "clean", 0, "step 3 differs", "harness replay cand 9876"),
        GoldenChange("unused", "old_task", "status", "clean", 1, "no trial goes there", None),
    ),
    hard_breaks=(
        HardBreak("two_orders", "refunds", "busy", (3, 3), (2, 3), "4567", "harness replay cand 4567", gated=True),
        HardBreak("two_tickets", "tickets", "busy", (3, 3), (1, 3), "4568", "harness replay cand 4568"),
    ),
    metrics=(
        metric("success", "pass", baseline=0.91, candidate=0.915, difference=0.005, low=-0.021, high=0.031),
        metric(
            *("steps", "fail"),
            kind="ratio",
            better="lower",
            margin=1.1,
            baseline=6.1,
            candidate=7.9,
            difference=1.3,
            low=1.24,
            high=1.36,
            p_worse=1e-9,
            p_adjusted=4e-9,
            detectable=1.06,
            worse=("bowls_in_shards",),
            better_tasks=("two_orders",),
            both_succeeded=1.2,
        ),
        metric("cost_usd", "pass_worse", kind="ratio", better="lower", margin=1.1, difference=1.05, low=1.0, high=1.09),
        metric("retries", "inconclusive", kind="mean", better="lower", margin=0.25, difference=0.1, more_trials=4),
        metric(
            "virtual_s",
            "fail",
            kind="ratio",
            better="lower",
            margin=1.2,
            gated=False,
            difference=9.0,
            high=99.0,
            low=3.0,
        ),
        metric("pass_hat_4", "insufficient", floor=0.9, candidate_low=0.8),
    ),
    slices=(
        Slice("fault_family", "timeout", "success", 120, 20, -0.081, 0.001, 0.004, flagged=True),
        Slice("tool", "get_order", "success", 80, 18, 0.01, 0.6, 0.7, flagged=False),
    ),
    quarantined=(
        Quarantined(
            "flaky_task", "@desk-team", "2027-01-31", "upstream is unstable", expired=False, passed=5, trials=8
        ),
        Quarantined("old_task", "@desk-team", "2026-01-31", "forgotten", expired=True, passed=0, trials=0),
    ),
    bound=0.029,
    looks=(4, 8),
    power=(Power("success", 4, 37, 0.43, 0.061),),
    notes=("2 trials were left out on both sides.",),
)


def of(answer: Answer, **changed: Any) -> Verdict:
    """Return the verdict with everything in it, with another answer."""
    return msgspec.structs.replace(EVERYTHING, answer=answer, **changed)


_TEXT = st.sampled_from(NASTY) | st.text(max_size=40)
_OF_TYPES: dict[Any, st.SearchStrategy[Any]] = {
    str: _TEXT,
    bool: st.booleans(),
    int: st.integers(0, 10_000),
    float: st.floats(allow_nan=False, allow_infinity=False),
    float | None: st.none() | st.floats(-2, 3) | st.floats(allow_nan=False),
    Mapping[str, str]: st.dictionaries(_TEXT, _TEXT, max_size=2),
}


def verdicts() -> st.SearchStrategy[Verdict]:
    """Draw any verdict, also those that no gate gives, with texts that want out."""
    return _drawn(Verdict)


def _drawn(kind: Any) -> st.SearchStrategy[Any]:
    """Draw a value of a type that stands in a verdict."""
    if kind in _OF_TYPES:
        return _OF_TYPES[kind]
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return st.builds(kind, **{one.name: _drawn(one.type) for one in msgspec.structs.fields(kind)})
    args = get_args(kind)
    if get_origin(kind) is Literal:
        return st.sampled_from(args)
    if get_origin(kind) is tuple:
        several = args[-1] is Ellipsis
        return st.lists(_drawn(args[0]), max_size=3).map(tuple) if several else st.tuples(*map(_drawn, args))
    return st.none() | _drawn(args[0])
