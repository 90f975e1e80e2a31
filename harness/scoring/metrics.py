"""Every metric by name: what it needs to have been observed, and a function whose docstring defines it.

A metric whose needs were not observed, or that does not apply, is None; it is never 0 for that.
"""

from __future__ import annotations

from harness.scoring.measures.control import CONTROL
from harness.scoring.measures.effort import EFFORT
from harness.scoring.measures.failure_modes import FAILURE_MODES
from harness.scoring.measures.goal import GOAL
from harness.scoring.measures.harm import HARM
from harness.scoring.measures.resilience import RESILIENCE
from harness.scoring.measures.usage import USAGE
from harness.scoring.measures.way import WAY
from harness.scoring.view import Metric

METRICS: tuple[Metric, ...] = (*GOAL, *WAY, *EFFORT, *HARM, *CONTROL, *USAGE, *FAILURE_MODES, *RESILIENCE)
