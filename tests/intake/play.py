"""The other services, as intake hears them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa

from gmsd_contracts.content import ContentRef
from gmsd_contracts.envelope import Event, Payload, source_of
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
from tests.support.bus import Bus, bus

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

    def __init__(self, hub: Bus, received: Event[Any]) -> None:
        self.hub = hub
        self.received = received
        self.slot: Slot = received.data.slot
        self.delivery: UUID = received.data.delivery_id

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
        return await self.say(data, cause or self.received.id, "assessed")

    async def fail(self, cause: UUID | None = None) -> UUID:
        data = AssessmentFailed(
            slot=self.slot, delivery_id=self.delivery, reason="worker_died", attempts=3
        )
        return await self.say(data, cause or self.received.id, "failed")

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


async def received_of(hub: Bus, delivery: str) -> Event[Any]:
    """The receipt of a delivery as it stands in the log."""
    return await hub.wait_for(DELIVERIES, lambda event: str(event.data.delivery_id) == delivery)


class playing:  # noqa: N801 - reads as a word in `async with`
    """`async with playing(broker, home, delivery) as others`."""

    def __init__(self, broker: str, home: Path, delivery: str) -> None:
        self._bus = bus(broker, home, owner="validation")
        self._delivery = delivery

    async def __aenter__(self) -> Others:
        hub = await self._bus.__aenter__()
        return Others(hub, await received_of(hub, self._delivery))

    async def __aexit__(self, *problem: Any) -> None:
        await self._bus.__aexit__(*problem)
