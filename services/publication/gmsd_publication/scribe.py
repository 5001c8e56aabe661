"""Writes publication events under the next number, and waits until our own fold has them."""

import asyncio
from collections.abc import Callable
from uuid import UUID

from gmsd_chassis.bus.fold import Fold
from gmsd_chassis.bus.publisher import Publisher
from gmsd_chassis.clock import Clock
from gmsd_contracts.envelope import Event, source_of
from gmsd_contracts.events.publication import AboutPublication
from gmsd_publication.adapters.facts import Facts

# A fold that is behind by more than this has lost its broker; the event is in the log and will be seen.
APPLIED_SECONDS = 30.0


class Scribe:
    """The fold is the lock: it takes one event per number, the first in the log."""

    def __init__(self, facts: Facts, fold: Fold, publisher: Publisher, clock: Clock, oin: str) -> None:
        self._facts, self._fold, self._publisher, self._clock = facts, fold, publisher, clock
        self._source = source_of("publication", oin)

    async def write(
        self, make: Callable[[int], AboutPublication], *, cause: UUID, stage: str, correlation: UUID
    ) -> bool:
        """False: another writer took the number, look again. Raises TryLater when the fold stays behind."""
        sequence = await asyncio.to_thread(self._facts.last_sequence) + 1
        event: Event[AboutPublication] = Event.caused_by(
            make(sequence),
            cause=cause,
            stage=stage,
            correlation=correlation,
            source=self._source,
            time=self._clock.now(),
        )
        positions = await self._publisher.publish([event])
        await self._fold.applied(positions[0], APPLIED_SECONDS)
        return await asyncio.to_thread(self._facts.wins, event)
