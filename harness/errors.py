"""Every error the harness raises on purpose.

    HarnessError
    ├── UsageError                the caller's input is at fault; exit code 2, no traceback
    │   ├── ContentError          a YAML file, a task, a scenario, a tools module
    │   ├── PackError             a pack that can not be found, mounted or told apart
    │   ├── AgentError            an agent that can not be found or called
    │   ├── DatasetError          a results folder that is missing, foreign or corrupt
    │   └── MissingExtra          an optional dependency that is not installed
    └── SimulationError           a trial that can not go on in virtual time
        ├── Deadlock              nothing is runnable and no timer is set
        ├── VirtualTimeLimit      the next timer lies behind the limit
        ├── StepLimit             too many loop iterations without an end
        ├── WallClockLimit        too much real time spent on one trial
        └── Fence                 real sockets, DNS, subprocesses, signals

A message says what is wrong, which value, where, and the cure.
"""

from __future__ import annotations

from collections.abc import Sequence


class HarnessError(Exception):
    """Root of the tree."""


class UsageError(HarnessError):
    """What the caller gave can not be used; the message names value, place and cure."""


class ContentError(UsageError):
    """All problems of one file (or one folder), reported together.

    ``problems`` holds one line each: ``file:line: key: what is wrong; cure``.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class PackError(UsageError):
    """A pack is missing, ambiguous, or does not import."""


class AgentError(UsageError):
    """An agent name or ``module:attribute`` does not lead to an agent."""


class DatasetError(UsageError):
    """A results folder is missing, holds something else, or is corrupt."""


class MissingExtra(UsageError):
    """An optional dependency is needed and not installed."""


class SimulationError(HarnessError):
    """A trial can not go on; the message names the coroutines that wait."""


class Deadlock(SimulationError):
    """Nothing is runnable and no timer is set."""


class VirtualTimeLimit(SimulationError):
    """The next timer lies behind the virtual-time limit."""


class StepLimit(SimulationError):
    """The loop turned too often without an end (a livelock at one instant)."""


class WallClockLimit(SimulationError):
    """One trial used up its allowance of real time."""


class Fence(SimulationError):
    """Code under simulation reached for the real world; the message names the caller."""
