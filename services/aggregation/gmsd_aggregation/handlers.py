"""Events in, events out."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from gmsd_aggregation.adapters import rows, slot_events
from gmsd_aggregation.adapters.facts import Announced
from gmsd_aggregation.adapters.slot_events import Kind, SlotEvent
from gmsd_aggregation.adapters.warehouse import Session, Warehouse
from gmsd_aggregation.errors import LoadRefused
from gmsd_aggregation.loading import Loader
from gmsd_aggregation.metrics import LOADS_FAILED
from gmsd_aggregation.nudge import Nudge
from gmsd_chassis.bus.inbox import Received
from gmsd_chassis.clock import Clock
from gmsd_chassis.errors import Unprocessable
from gmsd_chassis.logs import log
from gmsd_contracts.envelope import Event, source_of
from gmsd_contracts.events.delivery import AboutDelivery, FromIntake
from gmsd_contracts.events.delivery_decided_v1 import DeliveryDecided
from gmsd_contracts.events.delivery_failed_v1 import LoadFailed
from gmsd_contracts.events.delivery_linked_v1 import DeliveryLinked
from gmsd_contracts.events.delivery_loaded_v1 import DeliveryLoaded
from gmsd_contracts.events.delivery_received_v1 import DeliveryReceived
from gmsd_contracts.events.delivery_requeued_v1 import DeliveryRequeued
from gmsd_contracts.events.delivery_withdrawn_v1 import DeliveryWithdrawn
from gmsd_contracts.slot import Slot

SOURCE = source_of("aggregation")
LOADS = (DeliveryLinked.TYPE, DeliveryRequeued.TYPE)
KINDS: dict[str, Kind] = {
    DeliveryReceived.TYPE: "received",
    DeliveryDecided.TYPE: "decided",
    DeliveryWithdrawn.TYPE: "withdrawn",
    DeliveryRequeued.TYPE: "requeued",
}
"""Events that take a number of their slot. All are noted, because each can be the first with its number."""


class LoadHandler:
    """delivery.linked and delivery.requeued (stage aggregation) → delivery.loaded or load.failed."""

    def __init__(self, loader: Loader, nudge: Nudge, clock: Clock) -> None:
        self._loader = loader
        self._nudge = nudge
        self._clock = clock

    async def __call__(self, received: Received) -> Sequence[Event[Any]]:
        """Raises TryLater while the warehouse or the content is away."""
        event = received.event
        data = event.data
        if isinstance(data, DeliveryRequeued):
            if data.stage != "aggregation":
                return []
            if data.specification is None:
                raise Unprocessable(
                    "requeue_without_specification", "a requeue of aggregation names what it loads"
                )
            specification, key_version, records = data.specification, None, data.content
        elif isinstance(data, DeliveryLinked):
            specification, key_version, records = data.specification, data.key_version, data.records
        else:
            raise Unprocessable("unexpected_event")
        try:
            with self._nudge.work():
                said = await self._loader.load(
                    slot=data.slot, delivery_id=data.delivery_id, specification=specification, key_version=key_version,
                    records=records, cause=event.id,
                )  # fmt: skip
        except LoadRefused as refusal:
            LOADS_FAILED.inc(reason=refusal.reason.value)
            log.warning(
                "load_refused",
                delivery_id=str(data.delivery_id),
                reason=refusal.reason.value,
                detail=refusal.detail,
            )
            return [failed(event, refusal.reason.value, self._clock.now())]
        self._nudge.now()
        return [] if said is None else [loaded(data.slot, said, event.correlation_id, self._clock.now())]

    def on_poison(self, received: Received, reason: str) -> Sequence[Event[Any]]:
        """What the rest of the system hears when the event itself went to quarantine."""
        LOADS_FAILED.inc(reason=reason)
        if isinstance(received.event.data, DeliveryRequeued) and received.event.data.stage != "aggregation":
            return []
        return [failed(received.event, reason, self._clock.now())]


class SlotHandler:
    """Every event of `deliveries` → a fact. Publishes nothing: the reconciler does."""

    def __init__(self, warehouse: Warehouse, nudge: Nudge, clock: Clock) -> None:
        self._warehouse = warehouse
        self._nudge = nudge
        self._clock = clock

    async def __call__(self, received: Received) -> Sequence[Event[Any]]:
        """Raises TryLater while the warehouse is away."""
        event, data = received.event, received.event.data
        if not isinstance(data, FromIntake) or event.type not in KINDS:
            raise Unprocessable("unexpected_event")
        fact = SlotEvent(
            slot=data.slot, slot_version=data.slot_version, offset=received.position.offset, event_id=event.id,
            kind=KINDS[event.type], delivery_id=data.delivery_id, at=event.time,
            by=data.by if isinstance(data, DeliveryWithdrawn) else "",
        )  # fmt: skip
        await self._warehouse.run(lambda session: self._note(session, fact))
        if fact.kind in ("decided", "withdrawn"):
            self._nudge.now()
        return []

    def _note(self, session: Session, fact: SlotEvent) -> None:
        # The fact first: a load that ends between the two sees it and drops its own rows.
        slot_events.record(session, fact)
        if fact.kind == "withdrawn" and slot_events.is_withdrawn(session, fact.slot, fact.delivery_id):
            rows.drop_delivery(session, fact.slot.dataset, fact.delivery_id, "withdrawn", self._clock.now())


def loaded(slot: Slot, said: Announced, correlation: UUID, time: datetime) -> Event[DeliveryLoaded]:
    """The event of an announcement; the same announcement gives the same event."""
    data = DeliveryLoaded(slot=slot, delivery_id=said.delivery_id, rows=said.rows, coverage=said.coverage)
    return Event.caused_by(
        data, cause=said.cause, stage=said.stage, correlation=correlation, source=SOURCE, time=time
    )


def failed(event: Event[Any], reason: str, time: datetime) -> Event[LoadFailed]:
    """The event that tells a load did not succeed."""
    about: AboutDelivery = event.data
    return Event.caused_by(
        LoadFailed(slot=about.slot, delivery_id=about.delivery_id, reason=reason),
        cause=event.id, stage="load_failed", correlation=event.correlation_id, source=SOURCE, time=time,
    )  # fmt: skip
