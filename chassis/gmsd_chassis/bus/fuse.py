"""Stops a consumer before everything it reads ends in quarantine.

A wrong deployment or a changed producer makes every record unprocessable. Quarantining them all would look like work;
it is a stop that asks for a person. The fuse is checked before a record is quarantined, and its history survives a restart,
so a supervisor that restarts a blown consumer does not eat the topic fifty records at a time.
"""

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True)
class FuseLimits:
    """`consecutive` in a row, or more than `ratio` of the last `window` once `minimum` were seen."""

    consecutive: int = 50
    ratio: float = 0.2
    window: int = 500
    minimum: int = 100


class Fuse:
    """Counts what could and what could not be processed."""

    def __init__(self, limits: FuseLimits = FuseLimits(), history: str = "") -> None:
        self.limits = limits
        self._window: deque[bool] = deque((mark == "x" for mark in history), maxlen=limits.window)
        self._bad = sum(self._window)
        self.consecutive = len(history) - len(history.rstrip("x"))

    @property
    def history(self) -> str:
        """The window as text, oldest first: `.` processed, `x` not; longer than the window when the run of x is."""
        text = "".join("x" if bad else "." for bad in self._window)
        return text if self.consecutive <= len(text) else "x" * self.consecutive

    def would_blow(self) -> str | None:
        """Why one more unprocessable record is too many, or None."""
        if self.consecutive + 1 > self.limits.consecutive:
            return "consecutive"
        seen = len(self._window) + 1
        if (
            seen >= self.limits.minimum
            and (self._bad + 1) / min(seen, self.limits.window) > self.limits.ratio
        ):
            return "ratio"
        return None

    def bad(self) -> None:
        """One record went to quarantine."""
        self._push(True)
        self.consecutive += 1

    def good(self) -> None:
        """One record was processed."""
        self._push(False)
        self.consecutive = 0

    def _push(self, bad: bool) -> None:
        if len(self._window) == self._window.maxlen:
            self._bad -= self._window[0]
        self._window.append(bad)
        self._bad += bad
