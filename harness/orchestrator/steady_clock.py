"""A clock that goes on evenly, whatever happens to the machine's."""

from __future__ import annotations

from asyncio import get_running_loop

from harness.simulation import Clock


class SteadyClock:
    """Epoch time for deadlines: the machine's clock tells where to begin, and the timer of the event loop goes on.

    A wall clock that is set, in whichever direction, moves no deadline. It is to be made in a running event loop.
    """

    def __init__(self, clock: Clock, not_before_s: float) -> None:
        """``not_before_s`` is the latest moment that is known to have been, as epoch seconds."""
        self._clock = clock
        self._timer = get_running_loop().time
        self._offset_s = max(clock.now(), not_before_s) - self._timer()

    def now(self) -> float:
        """Return the seconds since 1970, as far as they are known to have passed."""
        return self._offset_s + self._timer()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._clock.sleep(seconds)
