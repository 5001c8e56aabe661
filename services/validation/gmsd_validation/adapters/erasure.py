"""Erasure by key."""

import asyncio
from uuid import UUID

from gmsd_chassis.keyring.keyring import KeyRing
from gmsd_validation.metrics import ERASED


class Erasure:
    """Destroys a delivery's keys and leaves a tombstone, so that a check that still runs cannot bring out anything.

    Intake does the same when it withdraws; this service does it again when it hears of it, so that a crash of intake
    between its event and the erasure leaves nothing behind.
    """

    def __init__(self, keyring: KeyRing) -> None:
        self._keyring = keyring

    async def erase(self, delivery: UUID) -> None:
        """Destroy now; can be repeated."""
        ERASED.inc(await asyncio.to_thread(self._keyring.destroy, delivery))
