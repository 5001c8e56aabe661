"""Which work was begun, on disk before it starts: poison that kills a process raises nothing.

One small SQLite file per instance. synchronous=FULL, because a record that is lost with the process counts no death.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from gmsd_chassis.bus.opening import opening
from gmsd_chassis.clock import Clock

T = TypeVar("T")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS attempts (
    consumer TEXT NOT NULL, event_id TEXT NOT NULL, begun INTEGER NOT NULL, last_begun TEXT NOT NULL,
    PRIMARY KEY (consumer, event_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fuses (consumer TEXT PRIMARY KEY, history TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS starts (one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER NOT NULL);
"""

# A leftover means: killed between commit and removal. Nothing comes back for it; a month outlives every retry.
_LEFTOVER = timedelta(days=30)
# One write of a few bytes to a disk that may be busy, in a process that has to be gone.
_MOMENT_SECONDS = 2.0


class Attempts:
    """Recorded attempts, fuse histories and starts of one instance."""

    def __init__(self, path: Path, clock: Clock | None = None) -> None:
        self._clock = clock or Clock()
        self._lock = threading.Lock()
        with opening(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            self._connection.executescript(_SCHEMA)
        limit = (self._clock.now() - _LEFTOVER).isoformat()
        self._connection.execute("DELETE FROM attempts WHERE last_begun < ?", (limit,))

    async def begin(self, consumer: str, event_id: UUID) -> int:
        """Record that work starts now. Returns how often it was begun before and never finished: its deaths so far."""
        return await self._run(lambda: self._begin(consumer, event_id))

    async def finish(self, consumer: str, event_id: UUID) -> None:
        """The work is committed: forget it."""
        await self._run(
            lambda: self._connection.execute(
                "DELETE FROM attempts WHERE consumer = ? AND event_id = ?", (consumer, str(event_id))
            )
        )

    async def give_back(self, consumer: str, event_id: UUID) -> None:
        """The work was not done, and nothing died of it: this attempt does not count, earlier deaths do."""
        await self._run(lambda: self._give_back(consumer, event_id))

    def give_back_now(self, consumer: str, event_id: UUID) -> bool:
        """The same from a thread that has no time: False when somebody holds the file for longer than a moment."""
        if not self._lock.acquire(timeout=_MOMENT_SECONDS):
            return False
        try:
            self._give_back(consumer, event_id)
        finally:
            self._lock.release()
        return True

    async def fuse_history(self, consumer: str) -> str:
        """What the fuse of this consumer had seen when it was last saved."""
        row = await self._run(
            lambda: self._connection.execute(
                "SELECT history FROM fuses WHERE consumer = ?", (consumer,)
            ).fetchone()
        )
        return str(row[0]) if row else ""

    async def save_fuse(self, consumer: str, history: str) -> None:
        """Keep the history of a fuse across restarts."""
        await self._run(
            lambda: self._connection.execute(
                "INSERT INTO fuses VALUES (?, ?) ON CONFLICT (consumer) DO UPDATE SET history = excluded.history",
                (consumer, history),
            )
        )

    async def started(self) -> int:
        """Record a start of this instance; returns its number."""
        row = await self._run(
            lambda: self._connection.execute(
                "INSERT INTO starts VALUES (1, 1) ON CONFLICT (one) DO UPDATE SET number = number + 1 RETURNING number"
            ).fetchone()
        )
        return int(row[0])

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _begin(self, consumer: str, event_id: UUID) -> int:
        row = self._connection.execute(
            "INSERT INTO attempts VALUES (?, ?, 1, ?) ON CONFLICT (consumer, event_id) "
            "DO UPDATE SET begun = begun + 1, last_begun = excluded.last_begun RETURNING begun",
            (consumer, str(event_id), self._clock.now().isoformat()),
        ).fetchone()
        return int(row[0]) - 1

    def _give_back(self, consumer: str, event_id: UUID) -> None:
        place = (consumer, str(event_id))
        self._connection.execute(
            "UPDATE attempts SET begun = begun - 1 WHERE consumer = ? AND event_id = ?", place
        )
        self._connection.execute(
            "DELETE FROM attempts WHERE consumer = ? AND event_id = ? AND begun <= 0", place
        )

    async def _run(self, work: Callable[[], T]) -> T:
        # fsync takes milliseconds: not on the event loop, which heartbeats and answers requests.
        def locked() -> T:
            with self._lock:
                return work()

        return await asyncio.to_thread(locked)
