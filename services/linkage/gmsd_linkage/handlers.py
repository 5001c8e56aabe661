"""Event → events. Each handler ends in an event for the delivery, or in nothing when the delivery is gone."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from gmsd_chassis.bus.inbox import Received
from gmsd_chassis.clock import Clock
from gmsd_chassis.content.store import ContentStore
from gmsd_chassis.errors import ContentDamaged, ContentExpired, Poison, Unprocessable
from gmsd_chassis.isolation import MAX_DEATHS, JobFailed, WorkerDied, Workshop, attempted
from gmsd_chassis.keyring import KeyDestroyed
from gmsd_contracts.columns import DatasetVersion, version_by_id
from gmsd_contracts.content import ContentRef
from gmsd_contracts.envelope import Event, Payload, source_of
from gmsd_contracts.events.delivery import AboutDelivery
from gmsd_contracts.events.delivery_assessed_v1 import DeliveryAssessed, Verdict
from gmsd_contracts.events.delivery_expired_v1 import LinkExpired
from gmsd_contracts.events.delivery_failed_v1 import LinkFailed
from gmsd_contracts.events.delivery_linked_v1 import DeliveryLinked
from gmsd_contracts.events.delivery_requeued_v1 import DeliveryRequeued
from gmsd_contracts.topics import CONTENT_LINKED
from gmsd_linkage.jobs import LINKED
from gmsd_linkage.metrics import NOBODY, ROWS, WORKER_DEATHS

ACCEPTS = (DeliveryAssessed.TYPE, DeliveryRequeued.TYPE)
"""Not withdrawals: of two events with one number intake refuses the second, and only intake knows. It destroys the keys."""


class Linkage:
    """Replaces identity in every delivery that passed the technical check, before akkoord."""

    def __init__(
        self,
        *,
        content: ContentStore,
        workshop: Workshop,
        key: bytes,
        key_version: int,
        clock: Clock,
    ) -> None:
        self._content = content
        self._workshop = workshop
        self._key = key
        self._key_version = key_version
        self._clock = clock

    async def handle(self, received: Received) -> Sequence[Event[Any]]:
        """The events that follow from one event."""
        event = received.event
        match event.data:
            case DeliveryAssessed(verdict=Verdict.OK) as assessed:
                return await self._link(event, assessed, assessed.specification, assessed.records)
            case DeliveryRequeued(stage="linkage", specification=str() as specification) as requeued:
                return await self._link(event, requeued, specification, requeued.content)
        return ()

    def on_poison(self, received: Received, reason: str) -> Sequence[Event[Any]]:
        """What the rest of the system hears of an event that went to quarantine."""
        about = received.event.data
        if not isinstance(about, DeliveryAssessed | DeliveryRequeued):
            return ()
        failed = LinkFailed(
            slot=about.slot, delivery_id=about.delivery_id, reason=reason, attempts=MAX_DEATHS
        )
        return (self._event(received.event, failed, "link failed"),)

    async def _link(
        self, cause: Event[Any], about: AboutDelivery, specification: str, checked: ContentRef | None
    ) -> Sequence[Event[Any]]:
        try:
            version = version_by_id(specification)
        except KeyError:
            raise Unprocessable(
                "onbekende_specificatie", f"delivery {about.delivery_id}: {specification}"
            ) from None
        rows = nobody = 0
        linked: ContentRef | None = None
        if checked is not None:
            try:
                linked, nobody = await self._rewrite(about.delivery_id, version, checked)
            except KeyDestroyed:
                return ()  # withdrawn while we worked: intake has said so, and there is nothing to add
            except ContentExpired:
                expired = LinkExpired(slot=about.slot, delivery_id=about.delivery_id)
                return (self._event(cause, expired, "link expired"),)
            except ContentDamaged:
                raise Unprocessable("inhoud_beschadigd", f"delivery {about.delivery_id}") from None
            rows = linked.rows or 0
        ROWS.inc(rows, dataset=version.name)
        NOBODY.inc(nobody, dataset=version.name)
        data = DeliveryLinked(
            slot=about.slot,
            delivery_id=about.delivery_id,
            specification=specification,
            key_version=self._key_version,
            rows=rows,
            without_identity=nobody,
            records=linked,
        )
        return (self._event(cause, data, "linked"),)

    async def _rewrite(
        self, delivery: UUID, version: DatasetVersion, checked: ContentRef
    ) -> tuple[ContentRef, int]:
        args = {"specification": version.id, "delivery": str(delivery), "key": self._key.hex()}

        async def attempt() -> tuple[ContentRef, int]:
            # The block aborts the content of an attempt that does not come to its end.
            async with await self._content.open(
                CONTENT_LINKED, delivery=delivery, schema=version.linked_name
            ) as writer:
                done = await self._workshop.run(
                    "link", args, read=lambda: self._content.read(checked), sinks={LINKED: writer}
                )
                return await writer.close(rows=done["rows"]), done["without_identity"]

        try:
            return await attempted(attempt, WORKER_DEATHS)
        except WorkerDied as death:
            raise Poison(death.reason, f"delivery {delivery}") from None
        except JobFailed as failure:
            raise Poison("inhoud_onleesbaar", f"delivery {delivery}: {failure}") from None

    def _event(self, cause: Event[Any], data: Payload, stage: str) -> Event[Any]:
        return Event.caused_by(
            data,
            cause=cause.id,
            stage=stage,
            correlation=cause.correlation_id,
            source=source_of("linkage"),
            time=self._clock.now(),
        )
