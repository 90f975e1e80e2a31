"""Many tests at once.

PASS on every gated metric needs no correction: all must hold (R. Berger, "Multiparameter hypothesis testing and
acceptance sampling", 1982). Saying *which* metric lost, or which slice, does.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return adjusted p-values in the order given: at most alpha where the family-wise error stays below alpha.

    Formula: running maximum of (m - i + 1) p_(i) over ascending p, at most 1. Source: S. Holm, "A simple sequentially
    rejective multiple test procedure" (1979).
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    return _in_order_given(order, stepped)


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return adjusted p-values in the order given: at most q where the false discovery rate stays below q.

    Formula: running minimum from the largest p down of m p_(i) / i, at most 1. Source: Y. Benjamini and Y. Hochberg,
    "Controlling the false discovery rate" (1995).
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    stepped = np.minimum.accumulate((p[order] * len(p) / np.arange(1, len(p) + 1))[::-1])[::-1]
    return _in_order_given(order, stepped)


def _in_order_given(order: np.ndarray[tuple[int], np.dtype[np.intp]], stepped: np.ndarray) -> tuple[float, ...]:
    adjusted = np.empty(len(stepped))
    adjusted[order] = np.minimum(stepped, 1.0)
    return tuple(float(one) for one in adjusted)
