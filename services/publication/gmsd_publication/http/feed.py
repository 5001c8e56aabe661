"""The stream of publication events: replay from a number, then live, woken when the fold moves."""

import asyncio
from collections.abc import AsyncIterator

from gmsd_publication.adapters.facts import Facts, Published

# One reader of one number for all streams together; an event is seen at most this much later.
WATCH_SECONDS = 0.2
MAX_READERS = 2_000
"""Each open stream holds a socket; above this the machine's file limit is nearer than anybody's interest."""


class Feed:
    """Tells every open stream that there is something new. `watch` runs in the background until cancelled."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._changed = asyncio.Condition()
        self.last = facts.last_sequence()
        self.readers = 0
        self.stopping = asyncio.Event()
        """Set when the service stops: every stream ends, and its reader comes back with its last id."""

    async def newest(self) -> int:
        """The last number there is; `last` may be one look behind, and a reader that knows better is not wrong."""
        return await asyncio.to_thread(self._facts.last_sequence)

    async def watch(self) -> None:
        """Follow the fold."""
        while True:
            last = await asyncio.to_thread(self._facts.last_sequence)
            if last != self.last or self.stopping.is_set():
                async with self._changed:
                    self.last = last
                    self._changed.notify_all()
            await asyncio.sleep(WATCH_SECONDS)

    async def follow(self, after: int) -> AsyncIterator[Published]:
        """Every entry above `after`, until the service stops."""
        while not self.stopping.is_set():
            for entry in await asyncio.to_thread(self._facts.published, after):
                after = entry.event.data.sequence
                yield entry
            async with self._changed:
                while self.last <= after and not self.stopping.is_set():
                    await self._changed.wait()
