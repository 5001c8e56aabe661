"""What happened to one delivery in the warehouse, and what follows from it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Load:
    """An attempt that ended: its rows are there, unless they were dropped since."""

    attempt: UUID
    key_version: int
    rows: int
    at: datetime


@dataclass(frozen=True, slots=True)
class History:
    """Attempts on one delivery. `begun`: attempt → version of the pseudonym key; `dropped`: whose rows are gone or are to go."""

    withdrawn: bool
    begun: dict[UUID, int]
    loads: tuple[Load, ...]
    dropped: frozenset[UUID]

    @property
    def live(self) -> Load | None:
        """Where its rows lie: the newest pseudonym key, then the newest load (the order of the view `live`)."""
        if self.withdrawn:
            return None
        return max(self._standing, key=lambda one: (one.key_version, one.at, str(one.attempt)), default=None)

    @property
    def newest_key(self) -> int:
        """The newest version of the pseudonym key that an attempt named; 0 when there was none."""
        return max(self.begun.values(), default=0)

    @property
    def unfinished(self) -> list[UUID]:
        """Attempts that never ended and whose rows were not dropped."""
        ended = {one.attempt for one in self.loads}
        return [attempt for attempt in self.begun if attempt not in ended and attempt not in self.dropped]

    @property
    def outdone(self) -> list[UUID]:
        """Loads that another took the place of. Two that finish at once agree on who goes."""
        live = self.live
        return [one.attempt for one in self._standing if live is not None and one.attempt != live.attempt]

    @property
    def _standing(self) -> list[Load]:
        return [one for one in self.loads if one.attempt not in self.dropped]
