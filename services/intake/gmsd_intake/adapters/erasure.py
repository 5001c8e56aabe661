"""Keys of what was withdrawn or rejected go, also when a process died between the event and the destruction."""

import asyncio
from uuid import UUID

from gmsd_chassis.bus.fold import FoldStore
from gmsd_chassis.keyring.keyring import KeyRing
from gmsd_intake.metrics import ERASED

# A rejected file is of no use to anybody from the moment of the verdict; seconds later is soon enough to look again.
EVERY_SECONDS = 2.0
# A look never holds the reader of the file for long; what is left is there at the next one, at once.
_AT_ONCE = 200


class Erasure:
    """Works off the table `erasures`, which the fold fills: of what was withdrawn everything goes, of what was rejected the
    raw file. A row goes after its keys, and destroying twice is the same, so a crash anywhere heals at the next round.
    """

    def __init__(self, store: FoldStore, keyring: KeyRing, every: float = EVERY_SECONDS) -> None:
        self._store = store
        self._keyring = keyring
        self._every = every

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            if not await asyncio.to_thread(self.once):
                await asyncio.sleep(self._every)

    def once(self) -> int:
        """One round; how many deliveries were worked off."""
        with self._store.read() as connection:
            rows = connection.execute(
                "SELECT e.delivery, e.everything, d.content_id FROM erasures e JOIN deliveries d USING (delivery) LIMIT ?",
                (_AT_ONCE,),
            ).fetchall()
        for row in rows:
            if row["everything"]:
                self._count(self._keyring.destroy(UUID(row["delivery"])), "withdrawn")
            elif row["content_id"] is not None:
                self._count(int(self._keyring.destroy_content(UUID(row["content_id"]))), "rejected")
        if rows:
            with self._store.write() as connection:
                connection.executemany(
                    "DELETE FROM erasures WHERE delivery = ? AND everything = ?",
                    [(row["delivery"], row["everything"]) for row in rows],
                )
        return len(rows)

    def _count(self, keys: int, why: str) -> None:
        if keys:
            ERASED.inc(why=why)
