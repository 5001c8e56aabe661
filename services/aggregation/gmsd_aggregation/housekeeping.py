"""What has to go when its time has come: keys of cells, and rows of deliveries that were replaced long ago."""

import asyncio
from datetime import timedelta

from gmsd_aggregation.adapters import rows
from gmsd_aggregation.adapters.warehouse import Session, Warehouse
from gmsd_chassis.clock import Clock
from gmsd_chassis.errors import TryLater
from gmsd_chassis.keyring import RetentionSweep
from gmsd_chassis.logs import log

REPLACED_KEPT = timedelta(days=400)
"""Rows of a replaced delivery go when linkage destroys the key of their content: 400 days after it was replaced."""

_REPLACED = """
SELECT DISTINCT l.delivery_id, l.dataset
FROM live AS l
INNER JOIN decisions AS d ON d.delivery_id = l.delivery_id
INNER JOIN effective AS e
    ON e.deliverer = d.deliverer AND e.dataset = d.dataset AND e.period = d.period AND e.part = d.part
INNER JOIN decisions AS w ON w.delivery_id = e.delivery_id
WHERE d.slot_version < e.slot_version AND l.delivery_id != e.delivery_id AND w.decided_at <= {until:DateTime64(6, 'UTC')}
"""


class Housekeeping:
    """A background task: both sweeps, every `seconds`."""

    def __init__(self, warehouse: Warehouse, sweep: RetentionSweep, clock: Clock, seconds: float) -> None:
        self._warehouse = warehouse
        self._sweep = sweep
        self._clock = clock
        self._seconds = seconds

    async def run(self) -> None:
        """For ever."""
        while True:
            try:
                await self._sweep.run()
                dropped = await self._warehouse.run(self.drop_replaced)
                if dropped:
                    log.info("replaced_rows_dropped", deliveries=dropped)
            except TryLater as later:
                log.warning("sweep_postponed", reason=later.reason)
            await asyncio.sleep(self._seconds)

    def drop_replaced(self, session: Session) -> int:
        """Drop the rows of deliveries that were replaced long enough ago; returns of how many."""
        now = self._clock.now()
        found = session.rows(_REPLACED, until=now - REPLACED_KEPT)
        for delivery_id, dataset in found:
            rows.drop_delivery(session, dataset, delivery_id, "replaced", now)
        return len(found)
