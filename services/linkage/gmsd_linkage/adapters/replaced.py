"""Which linked contents have been replaced, read from the log."""

from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from gmsd_chassis.bus.codec import decode
from gmsd_chassis.errors import Unprocessable
from gmsd_chassis.keyring.scan import scan
from gmsd_contracts.envelope import Event
from gmsd_contracts.events.delivery_linked_v1 import DeliveryLinked
from gmsd_contracts.topics import DELIVERIES, SNAPSHOTS
from gmsd_linkage.domain.replaced import KEPT_AFTER_REPLACEMENT, replaced_at


class ReplacedDeliveries:
    """The answer of `replaced_at` as of the last refresh; before the first, nothing was replaced and all is kept."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._replaced: dict[UUID, datetime] = {}

    async def refresh(self) -> None:
        """Read the log anew. Raises TryLater."""
        events: list[tuple[int, Event[Any]]] = []
        async with aclosing(scan(self._bootstrap, [DELIVERIES.name, SNAPSHOTS.name])) as records:
            async for record in records:
                try:
                    events.append((record.offset, decode(record)))
                except Unprocessable:
                    continue  # says nothing about a replacement: what it might have replaced is kept
        self._replaced = replaced_at(events)

    def keep(self, event: Event[Any]) -> timedelta | None:
        """How long after its event a linked content is kept: for ever, or for 400 days after its replacement."""
        if not isinstance(event.data, DeliveryLinked) or event.data.delivery_id not in self._replaced:
            return None
        return self._replaced[event.data.delivery_id] - event.time + KEPT_AFTER_REPLACEMENT
