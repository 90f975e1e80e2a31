"""Parts of the trials looked at by themselves: hints on where to look, corrected for how many were asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from harness.deciding.differences import differences_of, misfit, shown
from harness.deciding.gate_file import Axis, MetricRule, Slices
from harness.deciding.measured_pairs import MeasuredPair, values_of
from harness.deciding.verdict import Slice
from harness.statistics import benjamini_hochberg, p_sign_flip

FEWEST_CLUSTERS = 3


def slices(rules: Sequence[MetricRule], pairs: Sequence[MeasuredPair], wanted: Slices) -> tuple[Slice, ...]:
    """Return every metric in every part of at least three clusters, the likeliest loss first.

    The test is sign flipping, which a handful of equal differences does not impress. Those whose p-value after
    Benjamini-Hochberg is at most q are flagged; they decide nothing.
    """
    found = [one for axis in wanted.by for one in _along(axis, rules, pairs)]
    adjusted = benjamini_hochberg([one.p_worse for one in found]) if found else ()
    flagged = [
        msgspec.structs.replace(one, p_adjusted=p, flagged=p <= wanted.q)
        for one, p in zip(found, adjusted, strict=True)
    ]
    return tuple(sorted(flagged, key=lambda one: (one.p_adjusted, one.p_worse, one.axis, one.value, one.metric)))


def _along(axis: Axis, rules: Sequence[MetricRule], pairs: Sequence[MeasuredPair]) -> Iterator[Slice]:
    parts: dict[str, list[MeasuredPair]] = {}
    for pair in pairs:
        for value in _values(axis, pair):
            parts.setdefault(value, []).append(pair)
    if len(parts) > 1:
        for value, part in sorted(parts.items()):
            yield from _part(axis, value, rules, part)


def _values(axis: Axis, pair: MeasuredPair) -> tuple[str, ...]:
    one = pair.candidate
    return {"domain": (one.domain,), "fault_family": one.fault_families, "tool": one.tools}[axis]


def _part(axis: Axis, value: str, rules: Sequence[MetricRule], pairs: Sequence[MeasuredPair]) -> Iterator[Slice]:
    for rule in rules:
        values = values_of(rule, pairs)
        clusters = len({one.cluster for one in values})
        if clusters >= FEWEST_CLUSTERS and not misfit(rule, values):
            differences = differences_of(rule, values)
            p_worse = p_sign_flip(differences)
            yield Slice(
                axis=axis,
                value=value,
                metric=rule.name,
                kind=rule.kind,
                pairs=len(values),
                clusters=clusters,
                difference=shown(rule, float(differences.mean())),
                p_worse=p_worse,
                p_adjusted=p_worse,
                flagged=False,
            )
