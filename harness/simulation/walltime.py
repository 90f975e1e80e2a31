"""The wall clock under simulation: ``time.time``, ``datetime.now`` and their kin, by way of time_machine.

time_machine exchanges the functions in C, so it also reaches ``from time import time``. It knows one time for the
whole process; what it asks here is answered by thread.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from threading import get_ident

import time_machine

from harness.simulation.state import ACTIVE

_real_time_ns = time_machine.escape_hatch.time.time_ns


def _time_ns() -> int:
    simulation = ACTIVE.get(get_ident())
    return _real_time_ns() if simulation is None else simulation.epoch_ns()


def _is_utc() -> bool:
    return time.tzname[0] == "UTC" and not time.timezone and not time.daylight


class WallTime:
    """Puts the simulations' time in place of the machine's, and the time zone UTC in place of the local one."""

    def __init__(self) -> None:
        self._travel = time_machine.travel(0, tick=False)
        # A destination in UTC also sets the zone. That costs as much as all the rest, so only where it is needed.
        self._travel_to_utc = time_machine.travel(datetime.fromtimestamp(0, UTC), tick=False)
        self._current = self._travel

    def install(self) -> None:
        """Exchange the functions."""
        self._current = self._travel if _is_utc() else self._travel_to_utc
        traveller = self._current.start()
        traveller.time_ns = _time_ns  # type: ignore[method-assign]

    def remove(self) -> None:
        """Put the functions back."""
        self._current.stop()
