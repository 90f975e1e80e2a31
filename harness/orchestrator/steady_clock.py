"""A clock that never goes back, whatever the machine's does."""

from __future__ import annotations

from harness.simulation import Clock


class SteadyClock:
    """Epoch time for deadlines: while the clock behind it is set back, time stands; it goes on from there."""

    def __init__(self, clock: Clock, not_before_s: float) -> None:
        """``not_before_s`` is the latest moment that is known to have been, as epoch seconds."""
        self._clock = clock
        self._read_s = clock.now()
        self._now_s = max(self._read_s, not_before_s)

    def now(self) -> float:
        """Return the seconds since 1970, as far as they are known to have passed."""
        read_s = self._clock.now()
        self._now_s += max(0.0, read_s - self._read_s)
        self._read_s = read_s
        return self._now_s

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._clock.sleep(seconds)
