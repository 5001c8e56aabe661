"""Keys of what was withdrawn or rejected go, also when a process died between the event and the destruction."""

import asyncio

from gmsd_chassis.keyring.keyring import KeyRing
from gmsd_intake.adapters.answers import ToErase
from gmsd_intake.adapters.queries import ReadModel
from gmsd_intake.metrics import ERASED

# A rejected file is of no use to anybody from the moment of the verdict; seconds later is soon enough to look again.
EVERY_SECONDS = 2.0


class Erasure:
    """Compares the read model with the KeyRing. Every step can be repeated, so a crash anywhere heals at the next round."""

    def __init__(self, model: ReadModel, keyring: KeyRing, every: float = EVERY_SECONDS) -> None:
        self._model = model
        self._keyring = keyring
        self._every = every
        self._done: set[ToErase] = set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.once()
            await asyncio.sleep(self._every)

    async def once(self) -> int:
        """One round; how many keys went."""
        erased = 0
        for each in self._model.to_erase():
            if each not in self._done:
                erased += await asyncio.to_thread(self._erase, each)
                self._done.add(each)
        return erased

    def _erase(self, each: ToErase) -> int:
        if each.everything:
            count, why = self._keyring.destroy(each.delivery), "withdrawn"
        else:
            count, why = (
                int(each.content is not None and self._keyring.destroy_content(each.content)),
                "rejected",
            )
        if count:
            ERASED.inc(why=why)
        return count
