"""When a changed input set is computed: after a quiet time, and not later than a longest wait."""

from collections.abc import Hashable
from dataclasses import dataclass


@dataclass
class _Change:
    state: str
    first: float
    latest: float


class Schedule:
    """Per key: the state that is wanted and since when. Times are any monotonic seconds.

    Quiet is quiet everywhere: while deliveries come in one after another, the next one changes some period again, and a
    snapshot in between takes the warehouse from the loads it waits for.
    """

    def __init__(self, quiet: float, most: float) -> None:
        self._quiet = quiet
        self._most = most
        self._changes: dict[Hashable, _Change] = {}
        self._active = float("-inf")

    def active(self, at: float) -> None:
        """Something, of whatever key, was being done until `at`."""
        self._active = max(self._active, at)

    def note(self, key: Hashable, state: str, now: float) -> None:
        """`state` differs from what was done last; noted again without a change it does not start anew."""
        change = self._changes.get(key)
        if change is None:
            self._changes[key] = _Change(state, now, now)
        elif change.state != state:
            change.state, change.latest = state, now

    def settled(self, key: Hashable) -> None:
        """Nothing to do for this key."""
        self._changes.pop(key, None)

    def due_at(self, key: Hashable) -> float | None:
        """When it has to be done; None: nothing to do."""
        change = self._changes.get(key)
        return (
            None
            if change is None
            else min(max(change.latest, self._active) + self._quiet, change.first + self._most)
        )

    def next(self) -> float | None:
        """The earliest moment anything is due."""
        return min((due for key in self._changes if (due := self.due_at(key)) is not None), default=None)
