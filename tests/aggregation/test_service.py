"""Aggregation as a process on a real broker."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pyarrow as pa
import pytest

from gmsd_contracts.columns import DATASETS
from gmsd_contracts.content import ContentRef
from gmsd_contracts.envelope import Event
from gmsd_contracts.events.cells_computed_v1 import CellsComputed
from gmsd_contracts.events.delivery_decided_v1 import DeliveryDecided
from gmsd_contracts.events.delivery_failed_v1 import LoadFailed
from gmsd_contracts.events.delivery_linked_v1 import DeliveryLinked
from gmsd_contracts.events.delivery_loaded_v1 import Coverage, DeliveryLoaded
from gmsd_contracts.events.delivery_requeued_v1 import DeliveryRequeued
from gmsd_contracts.events.delivery_withdrawn_v1 import DeliveryWithdrawn
from gmsd_contracts.slot import Slot
from gmsd_contracts.topics import CONTENT_LINKED, SNAPSHOTS
from tests.aggregation.cells import values
from tests.aggregation.oracle import figures
from tests.aggregation.world import (
    Wmo,
    brp_slot,
    brp_table,
    home,
    nation,
    regio_slot,
    regio_table,
    wmo_slot,
    wmo_table,
)
from tests.support.bus import Bus, bus
from tests.support.process import ServiceProcess, service

pytestmark = pytest.mark.broker


@dataclass
class Town:
    """A period of its own on the shared broker, so that tests do not meet each other's snapshots."""

    ours: Bus
    service: ServiceProcess
    year: int
    versions: dict[str, int] = field(default_factory=dict)

    @property
    def period(self) -> str:
        return f"{self.year}HJ02"

    async def content(self, delivery: UUID, slot: Slot, table: pa.Table) -> ContentRef:
        stream = BytesIO()
        with pa.ipc.new_stream(stream, table.schema) as writer:
            writer.write_table(table)
        version = DATASETS[slot.dataset][0]
        async with await self.ours.content.open(
            CONTENT_LINKED, delivery=delivery, schema=version.linked_name
        ) as sink:
            await sink.write(stream.getvalue())
            return await sink.close(rows=table.num_rows)

    async def linked(
        self, slot: Slot, table: pa.Table, delivery: UUID | None = None
    ) -> Event[DeliveryLinked]:
        delivery = delivery or uuid4()
        event = said(
            DeliveryLinked(
                slot=slot, delivery_id=delivery, specification=DATASETS[slot.dataset][0].id, key_version=1,
                rows=table.num_rows, records=await self.content(delivery, slot, table),
            ),
            delivery,
        )  # fmt: skip
        await self.ours.publisher.publish([event])
        return event

    async def decide(self, linked: Event[DeliveryLinked]) -> None:
        slot = linked.data.slot
        version = self.versions[slot.key] = self.versions.get(slot.key, 1) + 1
        data = DeliveryDecided(
            slot=slot, delivery_id=linked.data.delivery_id, slot_version=version, by="test"
        )
        event = said(data, linked.data.delivery_id)
        await self.ours.publisher.publish([event, event])

    async def deliver(self, slot: Slot, table: pa.Table) -> Event[DeliveryLinked]:
        linked = await self.linked(slot, table)
        await self.decide(linked)
        return linked

    async def about(self, delivery: UUID, kind: type) -> list[Any]:
        """Payloads of distinct events of a kind about a delivery, in order."""
        found = {
            event.id: event.data
            for event in await self.ours.events(SNAPSHOTS)
            if isinstance(event.data, kind) and getattr(event.data, "delivery_id", None) == delivery
        }
        return list(found.values())

    async def snapshots(self) -> list[CellsComputed]:
        return [
            event.data
            for event in await self.ours.events(SNAPSHOTS)
            if isinstance(event.data, CellsComputed) and event.data.period == self.period
        ]

    async def figures_become(self, wanted: dict[Any, int], seconds: float = 40) -> CellsComputed:
        """Wait until the last snapshot of the period shows these cells."""
        found: dict[Any, int] = {}
        for _ in range(int(seconds * 4)):
            snapshots = await self.snapshots()
            if snapshots:
                last = snapshots[-1]
                found = values(*[await self.arrow(ref) for ref in (last.cells, last.frame)])
                if found == wanted:
                    return last
            await asyncio.sleep(0.25)
        raise AssertionError(f"{found} is not {wanted}")

    async def arrow(self, ref: ContentRef) -> pa.Table:
        return pa.ipc.open_stream(await self.ours.content.read_all(ref, 10_000_000)).read_all()


def said(data: Any, delivery: UUID) -> Event[Any]:
    return Event.caused_by(
        data, cause=uuid4(), stage="test", correlation=delivery, source="urn:test", time=datetime.now(UTC)
    )


def failure_of(delivery: UUID) -> Callable[[Event[Any]], bool]:
    return lambda event: isinstance(event.data, LoadFailed) and event.data.delivery_id == delivery


YEARS = iter(range(2016, 2025))


@asynccontextmanager
async def town(kafka: str, root: Path) -> AsyncIterator[Town]:
    async with (
        bus(kafka, root) as ours,
        service("aggregation", kafka, root, {"GMSD_QUIET_SECONDS": "0.3"}) as running,
    ):
        yield Town(ours, running, next(YEARS))


async def test_deliveries_become_cells(kafka: str, tmp_path: Path) -> None:
    async with town(kafka, tmp_path) as here:
        year = here.year
        start = date(year, 7, 1)
        regions, lives = (
            nation(),
            [home(1, "GM0001", vanaf=date(2010, 1, 1)), home(2, "GM0001", vanaf=date(2010, 1, 1))],
        )
        first = [Wmo("GM0001", 2, 1, "01", start), Wmo("GM0001", 2, 3, "02", start)]
        slot = wmo_slot("GM0001", here.period)

        a = await here.deliver(slot, wmo_table(first))
        event = await here.ours.wait_for(SNAPSHOTS, lambda e: e.causation_id == a.id)
        assert event.data == DeliveryLoaded(
            slot=slot,
            delivery_id=a.data.delivery_id,
            rows=2,
            coverage=Coverage(found=0, not_found=2, register_parts=0),
        )
        await here.deliver(regio_slot(here.period), regio_table(regions))
        register = await here.deliver(brp_slot("GM0001", here.period), brp_table(lives))
        last = await here.figures_become(figures(first, lives, regions, year, 2))
        assert last.inputs == 3

        # The later register causes a new announcement for what it touches, and only once.
        coverage = [one.coverage for one in await here.about(a.data.delivery_id, DeliveryLoaded)]
        assert coverage == [
            Coverage(found=0, not_found=2, register_parts=0),
            Coverage(found=1, not_found=1, register_parts=1),
        ]
        assert [one.coverage for one in await here.about(register.data.delivery_id, DeliveryLoaded)] == [None]

        # B replaces A whole, A again replaces B, and every event may come twice.
        second = [Wmo("GM0001", 2, 2, "15", start)]
        await here.deliver(slot, wmo_table(second))
        await here.figures_become(figures(second, lives, regions, year, 2))
        again = await here.deliver(slot, wmo_table(first))
        await here.ours.publisher.publish([a, register, again, again])
        await here.figures_become(figures(first, lives, regions, year, 2))

        # Killed and started again over the same state: it says nothing new.
        before = len(await here.snapshots())
        here.service.kill()
        async with service("aggregation", kafka, tmp_path, {"GMSD_QUIET_SECONDS": "0.3"}) as reborn:
            here.service = reborn
            await asyncio.sleep(2)
            assert len(await here.snapshots()) == before
            assert len(await here.about(a.data.delivery_id, DeliveryLoaded)) == 2

            # Taken back by the platform team: the rows go, and what they had replaced does not come back.
            for number, one in enumerate((a, again), 90):
                await here.ours.publisher.publish(
                    [
                        said(
                            DeliveryWithdrawn(
                                slot=slot,
                                delivery_id=one.data.delivery_id,
                                slot_version=number,
                                by="platform",
                            ),
                            one.data.delivery_id,
                        )
                    ]
                )
            await here.figures_become(figures([], lives, regions, year, 2))


async def test_content_that_is_gone_or_damaged_is_said_and_a_requeue_loads(
    kafka: str, tmp_path: Path
) -> None:
    async with town(kafka, tmp_path) as here:
        slot = wmo_slot("GM0002", here.period)
        table = wmo_table([Wmo("GM0002", 2, 1, "01", date(here.year, 7, 1))])

        expired = uuid4()
        ref = await here.content(expired, slot, table)
        here.ours.keyring.destroy(expired)
        wrong = uuid4()
        other = await here.content(wrong, slot, brp_table([home(1, "GM0002")]))
        for delivery, records in ((expired, ref), (wrong, other)):
            data = DeliveryLinked(
                slot=slot, delivery_id=delivery, specification="wmo/1", key_version=1, rows=1, records=records
            )
            await here.ours.publisher.publish([said(data, delivery)])
        for delivery, reason in ((expired, "content_expired"), (wrong, "content_schema")):
            event = await here.ours.wait_for(SNAPSHOTS, failure_of(delivery))
            assert event.data.reason == reason

        right = await here.content(wrong, slot, table)
        requeued = DeliveryRequeued(
            slot=slot,
            delivery_id=wrong,
            slot_version=3,
            stage="aggregation",
            specification="wmo/1",
            content=right,
        )
        event = said(requeued, wrong)
        await here.ours.publisher.publish([event, event])
        loaded = await here.ours.wait_for(SNAPSHOTS, lambda e: e.causation_id == event.id)
        assert isinstance(loaded.data, DeliveryLoaded) and loaded.data.rows == 1
