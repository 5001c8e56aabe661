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

# `own`: the number of a delivery's akkoord, or of its receipt when it has none: who was never decided is replaced as well. The
# moment is that of the first newer one that came in force, as linkage reckons it.
_REPLACED = """
SELECT l.delivery_id, l.dataset
FROM live AS l
INNER JOIN
(
    SELECT delivery_id, max(slot_version) AS version
    FROM (SELECT delivery_id, slot_version FROM receipts UNION ALL SELECT delivery_id, slot_version FROM decisions)
    GROUP BY delivery_id
) AS own ON own.delivery_id = l.delivery_id
INNER JOIN
(
    SELECT d.deliverer AS deliverer, d.dataset AS dataset, d.period AS period, d.part AS part,
        d.slot_version AS version, greatest(d.at, o.at) AS since
    FROM decisions AS d
    INNER JOIN (SELECT delivery_id, min(loaded_at) AS at FROM loaded GROUP BY delivery_id) AS o
        ON o.delivery_id = d.delivery_id
    WHERE d.delivery_id IN (SELECT delivery_id FROM announced)
        AND d.delivery_id NOT IN (SELECT delivery_id FROM withdrawals WHERE by = 'aanleveraar')
) AS newer ON newer.deliverer = l.deliverer AND newer.dataset = l.dataset AND newer.period = l.period AND newer.part = l.part
WHERE newer.version > own.version
GROUP BY l.delivery_id, l.dataset
HAVING min(newer.since) <= {until:DateTime64(6, 'UTC')}
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
