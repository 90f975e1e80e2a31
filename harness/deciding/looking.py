"""At which number of trials the gate looks, how much doubt each look may spend, and what more trials would tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from harness.deciding.comparison import MeasuredPair, by_cell
from harness.deciding.gate_file import GateFile, Statistics
from harness.deciding.measured import Measured
from harness.deciding.verdict import Power
from harness.statistics import LookPlan, breaks, look_alphas
