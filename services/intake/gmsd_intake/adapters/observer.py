"""What the read model shows, as metrics."""

import asyncio

from gmsd_chassis.clock import Clock
from gmsd_intake.adapters.queries import ReadModel
from gmsd_intake.metrics import DELIVERIES, OLDEST_WAITING, PARKED

# As often as the chassis measures lag; a scrape comes every 15 s.
EVERY_SECONDS = 5.0


class Observer:
    """Sets the gauges of deliveries, until cancelled."""

    def __init__(self, model: ReadModel, clock: Clock) -> None:
        self._model = model
        self._clock = clock

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.to_thread(self.once)
            await asyncio.sleep(EVERY_SECONDS)

    def once(self) -> None:
        """One look."""
        for state, count in self._model.counts().items():
            DELIVERIES.set(count, state=state.value)
        PARKED.set(self._model.parked())
        oldest = self._model.oldest_waiting()
        age = 0.0 if oldest is None else (self._clock.now() - oldest.status.since).total_seconds()
        OLDEST_WAITING.set(max(0.0, age))
