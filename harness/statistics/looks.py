"""Looking more than once: extra trials up to a cap, and stopping early on big breakage.

Every look can err, so the looks share one alpha. The levels come from a spending function of the share of trials
(K. Lan and D. DeMets, "Discrete sequential boundaries for clinical trials", 1983) and are added up as if the looks
had nothing in common (Bonferroni), which holds whatever the spread between clusters is.
"""

from __future__ import annotations

import math
from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaln

from harness.statistics.bounded import FloatArray

SPENDING_POWER = 2.0


class LookPlan(msgspec.Struct, frozen=True):
    """When the gate looks: after so many trials of every cell, the last one final.

    ``alpha`` is the one-sided chance of a wrong verdict in all; ``alpha_fail_fast`` of it goes to the alarm that may
    ring before the first look.
    """

    trials: tuple[int, ...] = (4, 8, 16)
    alpha: float = 0.05
    alpha_fail_fast: float = 0.01


def look_alphas(plan: LookPlan) -> tuple[float, ...]:
    """Return the one-sided level of every look; they add up to ``alpha - alpha_fail_fast``.

    Formula: spent(t) = (alpha - alpha_fail_fast) * t**2 with t the share of the last look's trials; a look gets what
    has been spent since the one before.
    """
    final = plan.trials[-1]
    spent = [(plan.alpha - plan.alpha_fail_fast) * (count / final) ** SPENDING_POWER for count in (0, *plan.trials)]
    return tuple(after - before for before, after in pairwise(spent))


def log_e_value(worse: FloatArray | int, better: FloatArray | int) -> FloatArray:
    """Return ln of the e-value of "a discordant pair is more likely worse than better".

    Formula: E = 2 * integral over p in (1/2, 1) of p**worse * (1-p)**better dp / (1/2)**(worse+better). Under the
    sharp null (every discordant pair is worse with probability 1/2) P(E ever reaches 1/a) <= a, at any time of looking.
    Source: J. Ville (1939); S. Howard and A. Ramdas, "Time-uniform confidence sequences" (2021), mixture method.
    """
    lost, won = np.asarray(worse, dtype=np.float64), np.asarray(better, dtype=np.float64)
    with np.errstate(divide="ignore"):
        tail = np.log(betainc(won + 1, lost + 1, 0.5))
    return np.asarray((lost + won + 1) * math.log(2) + betaln(lost + 1, won + 1) + tail, dtype=np.float64)


def breaks(
    worse: FloatArray | int, better: FloatArray | int, pairs: FloatArray | int, plan: LookPlan, margin: float
) -> NDArray[np.bool_]:
    """Return whether the pairs so far are big breakage: stop and FAIL.

    ``pairs`` counts all trial pairs, of which ``worse`` and ``better`` are discordant. It rings when E reaches
    1 / ``alpha_fail_fast`` and the observed loss exceeds ``margin``. To be asked after any pair up to the first look,
    not later: with many trials of few families the pairs of a family are no longer independent evidence.
    """
    if plan.alpha_fail_fast <= 0:
        return np.zeros(np.broadcast(worse, better).shape, dtype=np.bool_)
    loud = log_e_value(worse, better) >= -math.log(plan.alpha_fail_fast)
    return np.asarray(loud & (np.subtract(worse, better) > np.multiply(margin, pairs)), dtype=np.bool_)
