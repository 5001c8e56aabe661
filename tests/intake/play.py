"""The other services, as intake hears them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pyarrow as pa

from gmsd_chassis.bus.publisher import Publisher
from gmsd_chassis.clock import Clock
from gmsd_chassis.content import LogContentStore
from gmsd_chassis.keyring import DirectoryKeyRing
from gmsd_contracts.content import ContentRef
from gmsd_contracts.envelope import Event, Payload, event_id, source_of
from gmsd_contracts.events.delivery_assessed_v1 import (
    ColumnProfile,
    DeliveryAssessed,
    Profile,
    RuleCount,
    Severity,
    Verdict,
)
from gmsd_contracts.events.delivery_failed_v1 import AssessmentFailed, LinkFailed
from gmsd_contracts.events.delivery_linked_v1 import DeliveryLinked
from gmsd_contracts.events.delivery_loaded_v1 import Coverage, DeliveryLoaded
from gmsd_contracts.slot import Slot
from gmsd_contracts.topics import CONTENT_CHECKED, DELIVERIES
from tests.intake.conftest import PERIOD, Intake, Tenant
from tests.support.bus import Bus
from tests.support.process import make_keys

FINDINGS = pa.schema(
    [
        pa.field("rule", pa.string()),
        pa.field("severity", pa.string()),
        pa.field("row", pa.uint32()),
        pa.field("column", pa.string()),
        pa.field("value", pa.string()),
        pa.field("expected", pa.string()),
        pa.field("key", pa.string()),
    ],
    metadata={
        "schema": "findings/1",
        "rules": '{"WMO-1": {"message": "In {kolom} staat {gevonden}; verwacht {verwacht}.", "action": "Verbeter."}}',
    },
)


class Others:
    """Validation, linkage and aggregation, for one delivery."""

    def __init__(self, hub: Bus, slot: Slot, delivery: UUID) -> None:
        self.hub = hub
        self.slot = slot
        self.delivery = delivery
        self.received = event_id(delivery, "received")

    async def from_intake(self) -> list[Event[Any]]:
        """What stands in the log about the delivery, by intake."""
        return [each for each in await self.hub.events(DELIVERIES) if each.data.delivery_id == self.delivery]

    async def say(self, data: Payload, cause: UUID, stage: str, service: str = "validation") -> UUID:
        event = Event[Any].caused_by(
            data,
            cause=cause,
            stage=stage,
            correlation=self.delivery,
            source=source_of(service),
            time=datetime.now(UTC),
        )
        await self.hub.publisher.publish([event])
        return event.id

    async def assess(
        self,
        verdict: Verdict = Verdict.OK,
        *,
        warnings: tuple[str, ...] = (),
        findings: ContentRef | None = None,
        cause: UUID | None = None,
    ) -> UUID:
        counts = [RuleCount(rule=rule, severity=Severity.WAARSCHUWING, count=2) for rule in warnings]
        counts += [RuleCount(rule="WMO-1", severity=Severity.INFO, count=3)]
        data = DeliveryAssessed(
            slot=self.slot,
            delivery_id=self.delivery,
            verdict=verdict,
            specification="wmo/1",
            rule_set="1",
            rows=7,
            counts=tuple(counts),
            profile=Profile(rows=7, persons=5, columns=(ColumnProfile(column="bsn", filled=7, unknown=0),)),
            findings=findings,
        )
        return await self.say(data, cause or self.received, "assessed")

    async def fail(self, cause: UUID | None = None) -> UUID:
        data = AssessmentFailed(slot=self.slot, delivery_id=self.delivery, reason="worker_died", attempts=3)
        return await self.say(data, cause or self.received, "failed")

    async def fail_link(self, cause: UUID) -> UUID:
        data = LinkFailed(slot=self.slot, delivery_id=self.delivery, reason="worker_died", attempts=3)
        return await self.say(data, cause, "link failed", "linkage")

    async def link(self, cause: UUID) -> UUID:
        data = DeliveryLinked(
            slot=self.slot, delivery_id=self.delivery, specification="wmo/1", key_version=1, rows=7
        )
        return await self.say(data, cause, "linked", "linkage")

    async def load(self, cause: UUID) -> UUID:
        data = DeliveryLoaded(
            slot=self.slot,
            delivery_id=self.delivery,
            rows=7,
            coverage=Coverage(found=4, not_found=1, register_parts=342),
        )
        return await self.say(data, cause, "loaded", "aggregation")

    async def bring_to_load(self, **assessment: Any) -> None:
        await self.load(await self.link(await self.assess(**assessment)))

    async def findings(self, rows: list[dict[str, Any]]) -> ContentRef:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, FINDINGS) as writer:
            for start in range(0, len(rows), 100):
                writer.write_batch(pa.RecordBatch.from_pylist(rows[start : start + 100], FINDINGS))
        async with await self.hub.content.open(
            CONTENT_CHECKED, delivery=self.delivery, schema="findings/1"
        ) as writer:
            await writer.write(sink.getvalue().to_pybytes())
            return await writer.close(rows=len(rows))


@asynccontextmanager
async def playing(intake: Intake, tenant: Tenant, delivery: str) -> AsyncIterator[Others]:
    """The other services, at work on a delivery of the tenant."""
    slot = Slot(deliverer=tenant.id, dataset="wmo", period=PERIOD)
    publisher = Publisher(intake.bootstrap, client_id="test")
    keyring = DirectoryKeyRing(
        intake.home / "keys", make_keys(intake.home / "keks"), Clock(), owner="validation"
    )
    await publisher.start()
    try:
        store = LogContentStore(lambda: publisher.producer, intake.bootstrap, keyring)
        hub = Bus(intake.bootstrap, publisher, store, keyring)
        yield Others(hub, slot, UUID(delivery))
    finally:
        await publisher.stop()
