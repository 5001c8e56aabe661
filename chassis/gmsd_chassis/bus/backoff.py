"""Exponential back-off with a cap and full jitter on the upper half."""

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Backoff:
    """Waits of first, 2 first, 4 first … at most `cap` seconds.

    Defaults: 8 tries wait at most 0.5 + 1 + 2 + 4 + 8 + 16 + 30 = 61.5 s in place, enough for a broker or a warehouse that
    restarts (5–12 s measured) and far below the poll interval of the group (1 h).
    """

    first: float = 0.5
    cap: float = 30.0
    tries: int = 8

    def delay(self, attempt: int, at_least: float | None = None) -> float:
        """Seconds to wait after failure number `attempt` (from 1). Jitter keeps replicas from coming back together."""
        ceiling = min(self.cap, self.first * 2.0 ** min(attempt - 1, 32))
        return max(min(at_least or 0.0, self.cap), random.uniform(ceiling / 2, ceiling))  # noqa: S311


DEFAULT = Backoff()
