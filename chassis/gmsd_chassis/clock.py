"""Time, injected: retention promises of 21 days must be testable in seconds."""

import time
from datetime import UTC, datetime, timedelta


class Clock:
    """The wall clock."""

    def now(self) -> datetime:
        """The present moment, in UTC."""
        return datetime.now(UTC)


class ShiftedClock(Clock):
    """A clock for tests and for demonstrations of expiry: starts `offset` away from the wall clock, runs `scale` times as fast.

    Elapsed time is read from the monotonic clock, so that a correction of the wall clock does not scale along.
    """

    def __init__(self, offset: timedelta = timedelta(0), scale: float = 1.0) -> None:
        if scale <= 0:
            raise ValueError("time moves forward: scale must be positive")
        self._origin = datetime.now(UTC) + offset
        self._scale = scale
        self._started = time.monotonic()

    def now(self) -> datetime:
        """The shifted moment, in UTC."""
        return self._origin + timedelta(seconds=(time.monotonic() - self._started) * self._scale)

    def advance(self, by: timedelta) -> None:
        """Jump forward."""
        if by < timedelta(0):
            raise ValueError("time moves forward: advance by a positive duration")
        self._origin += by
