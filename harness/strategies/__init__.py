"""Strategies for Hypothesis: fault plans and worlds for property tests, and one call that plays a trial of them.

The only room that needs the extra ``hypothesis``; whatever it draws is plain data, which any trial can be played with.
"""

from importlib.util import find_spec

from harness.errors import MissingExtra

if find_spec("hypothesis") is None:
    raise MissingExtra("harness.strategies needs Hypothesis; pip install 'agent-chaos-harness[hypothesis]'")

from harness.strategies.fault_plans import fault_plans
from harness.strategies.playing import World, play
from harness.strategies.worlds import worlds

__all__ = ["World", "fault_plans", "play", "worlds"]
