"""What n trials of one task say about k trials of it."""

from __future__ import annotations

import math


def pass_at_k(trials: int, passed: int, k: int) -> float | None:
    """Return the chance that at least one of k trials passes; null below k trials.

    Formula: 1 - C(n-c, k) / C(n, k). Range 0 to 1. Source: M. Chen et al., "Evaluating large language models trained on
    code" (2021).
    """
    return None if trials < k else 1 - math.comb(trials - passed, k) / math.comb(trials, k)


def pass_hat_k(trials: int, passed: int, k: int) -> float | None:
    """Return the chance that all of k trials pass (pass^k); null below k trials.

    Formula: C(c, k) / C(n, k). Range 0 to 1. Source: S. Yao et al., "tau-bench" (2024).
    """
    return None if trials < k else math.comb(passed, k) / math.comb(trials, k)


def outcome_consistency(trials: int, passed: int) -> float | None:
    """Return how far trials agree: 1 when all end alike, 0 at half and half; null without a trial.

    Formula: (2p - 1)^2 with p the share that passed. Range 0 to 1.
    """
    return None if trials == 0 else (2 * passed / trials - 1) ** 2
