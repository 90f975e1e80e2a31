"""The share of mutants that are caught, and how far it can be trusted."""

from __future__ import annotations

from math import sqrt

# Both tails of 95 %, although only the lower one is asked for: the stricter reading.
Z = 1.959964


def wilson_lower(caught: int, total: int) -> float:
    """Return the lower end of the 95 % score interval of a share.

    (p + z²/2n - z·√(p(1-p)/n + z²/4n²)) / (1 + z²/n), from E. B. Wilson, "Probable inference, the law of succession,
    and statistical inference", Journal of the American Statistical Association 22 (1927), 209-212.
    """
    if not total:
        return 0.0
    share, spread = caught / total, Z * Z / total
    return (share + spread / 2 - Z * sqrt(share * (1 - share) / total + spread / (4 * total))) / (1 + spread)
