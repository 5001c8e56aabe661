"""Erasure by key."""

import asyncio
from uuid import UUID

from gmsd_chassis.keyring.keyring import KeyRing
from gmsd_chassis.metrics import Counter


class Erasure:
    """Destroys a delivery's keys, in every zone, and leaves a tombstone, so that work that still runs brings out nothing.

    Intake does the same when it withdraws; a service that hears of it does it again, so that a crash of intake between
    its event and the erasure leaves nothing behind. `erased` counts the keys that went.
    """

    def __init__(self, keyring: KeyRing, erased: Counter) -> None:
        self._keyring = keyring
        self._erased = erased

    async def erase(self, delivery: UUID) -> None:
        """Destroy now; can be repeated."""
        self._erased.inc(await asyncio.to_thread(self._keyring.destroy, delivery))
