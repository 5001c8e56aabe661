"""One snapshot: computed, written as content, published, remembered."""

import asyncio
import time
from datetime import timedelta
from uuid import UUID

import pyarrow as pa

from gmsd_aggregation.adapters import facts
from gmsd_aggregation.adapters.computation import Computation, to_stream
from gmsd_aggregation.adapters.coverage import coverage
from gmsd_aggregation.adapters.facts import Announced
from gmsd_aggregation.adapters.warehouse import Session, Warehouse
from gmsd_aggregation.domain.announcement import has_news, later_stage
from gmsd_aggregation.domain.inputs import InputSet, cause_of, input_sets
from gmsd_aggregation.domain.versions import MERGE_RULE_VERSION
from gmsd_aggregation.handlers import SOURCE, loaded
from gmsd_aggregation.metrics import INPUTS, LAST_SNAPSHOT, SNAPSHOT_SECONDS, SNAPSHOTS
from gmsd_chassis.bus.publisher import Publisher
from gmsd_chassis.clock import Clock
from gmsd_chassis.content.store import ContentStore
from gmsd_contracts.catalogue import CATALOGUE_VERSION
from gmsd_contracts.cells import CELLS_NAME, FRAME_NAME
from gmsd_contracts.content import ContentRef
from gmsd_contracts.envelope import Event
from gmsd_contracts.events.cells_computed_v1 import CellsComputed
from gmsd_contracts.slot import Slot
from gmsd_contracts.topics import CONTENT_CELLS

KEPT = CONTENT_CELLS.retention or timedelta(days=400)
"""How long exact cells are kept: as long as their topic."""


class Snapshots:
    """Makes snapshots and tells which coverage they change."""

    def __init__(
        self, warehouse: Warehouse, content: ContentStore, publisher: Publisher, clock: Clock
    ) -> None:
        self._warehouse = warehouse
        self._content = content
        self._publisher = publisher
        self._clock = clock

    async def publish(self, inputs: InputSet) -> bool:
        """Compute and publish; False when the inputs changed meanwhile, and then nothing was said. Raises NoFrame."""
        started = time.monotonic()
        computed = await self._warehouse.run(lambda session: _compute(session, inputs))
        if computed is None:
            return False
        cells, frame = computed
        cause = cause_of(inputs.snapshot_id)
        data = CellsComputed(
            product=inputs.product,
            period=inputs.period,
            snapshot_id=inputs.snapshot_id,
            inputs=len(inputs.deliveries),
            catalogue_version=CATALOGUE_VERSION,
            merge_rule_version=MERGE_RULE_VERSION,
            cells=await self._write(cells, CELLS_NAME, cause),
            frame=await self._write(frame, FRAME_NAME, cause),
        )
        now = self._clock.now()
        event = Event.caused_by(data, cause=cause, stage="cells", correlation=cause, source=SOURCE, time=now)
        await self._publisher.publish([event])
        # After the acknowledgement: a crash before this line publishes the same event again, never another.
        await self._warehouse.run(lambda session: facts.record_snapshot(session, inputs, now))
        SNAPSHOTS.inc(product=inputs.product)
        SNAPSHOT_SECONDS.observe(time.monotonic() - started, product=inputs.product)
        INPUTS.set(len(inputs.deliveries), product=inputs.product, period=inputs.period)
        LAST_SNAPSHOT.set(now.timestamp(), product=inputs.product, period=inputs.period)
        return True

    async def announce_coverage(self, inputs: InputSet) -> int:
        """A new delivery.loaded for every `wmo` delivery of the period, decided or not, whose coverage is not what was said.

        Returns how many.
        """
        news = await self._warehouse.run(lambda session: _news(session, inputs))
        slots = {one.delivery_id: slot for one, slot in news}
        now = self._clock.now()
        await self._publisher.publish(
            [loaded(slots[one.delivery_id], one, one.delivery_id, now) for one, _ in news]
        )
        await self._warehouse.run(
            lambda session: facts.record_announcements(session, [one for one, _ in news])
        )
        return len(news)

    async def _write(self, table: pa.Table, schema: str, cause: UUID) -> ContentRef:
        async with await self._content.open(CONTENT_CELLS, delivery=cause, schema=schema) as writer:
            for piece in await asyncio.to_thread(lambda: list(to_stream(table))):
                await writer.write(piece)
            return await writer.close(rows=table.num_rows)


def _compute(session: Session, inputs: InputSet) -> tuple[pa.Table, pa.Table] | None:
    """The snapshot, if the inputs are in force before and after: rows are dropped only after the fact that they are."""
    if inputs not in current(session):
        return None
    computed = Computation(session, inputs).run()
    return computed if inputs in current(session) else None


def current(session: Session) -> list[InputSet]:
    """The input sets as they are now."""
    in_force = facts.effective(session)
    return input_sets(in_force, facts.taken_back(session, in_force))


def _news(session: Session, inputs: InputSet) -> list[tuple[Announced, Slot]]:
    keys = {one.key_version for one in inputs.brp if one.rows}
    # Under different keys nobody would be found; the load of the re-keyed delivery counts again.
    there = [
        one for one in facts.live(session, dataset="wmo", period=inputs.period)
        if not keys or keys == {one.key_version} or not one.rows
    ]  # fmt: skip
    parts = len({(one.slot.deliverer, one.slot.part) for one in inputs.brp})
    now = coverage(session, [one.attempt for one in there], [one.attempt for one in inputs.brp], parts)
    said = facts.announced(session, [one.delivery_id for one in there])
    cause = cause_of(inputs.snapshot_id)
    news = []
    for one in there:
        last = said.get(one.delivery_id)
        if last is not None and has_news(last.coverage, now[one.attempt]):
            stage = later_stage(one.delivery_id)
            announcement = Announced(
                one.delivery_id, last.number + 1, cause, stage, one.rows, now[one.attempt]
            )
            news.append((announcement, one.slot))
    return news
