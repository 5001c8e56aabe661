"""Every event type that exists, by its CloudEvents `type`."""

from gmsd_contracts.envelope import Payload
from gmsd_contracts.events.cells_computed_v1 import CellsComputed
from gmsd_contracts.events.consent_changed_v1 import ConsentChanged
from gmsd_contracts.events.delivery_assessed_v1 import DeliveryAssessed
from gmsd_contracts.events.delivery_decided_v1 import DeliveryDecided
from gmsd_contracts.events.delivery_expired_v1 import DeliveryExpired, LinkExpired
from gmsd_contracts.events.delivery_failed_v1 import AssessmentFailed, LinkFailed, LoadFailed
from gmsd_contracts.events.delivery_linked_v1 import DeliveryLinked
from gmsd_contracts.events.delivery_loaded_v1 import DeliveryLoaded
from gmsd_contracts.events.delivery_received_v1 import DeliveryReceived
from gmsd_contracts.events.delivery_requeued_v1 import DeliveryRequeued
from gmsd_contracts.events.delivery_withdrawn_v1 import DeliveryWithdrawn
from gmsd_contracts.events.key_rotated_v1 import KeyRotated
from gmsd_contracts.events.publication import (
    PublicationCorrected,
    PublicationHeld,
    PublicationReleased,
    PublicationRetracted,
)
from gmsd_contracts.events.registration import DelivererRegistered, WindowClosed, WindowOpened

EVENT_TYPES: dict[str, type[Payload]] = {
    payload.TYPE: payload
    for payload in (
        DelivererRegistered,
        WindowOpened,
        WindowClosed,
        DeliveryReceived,
        DeliveryDecided,
        DeliveryWithdrawn,
        DeliveryRequeued,
        ConsentChanged,
        DeliveryAssessed,
        AssessmentFailed,
        DeliveryExpired,
        DeliveryLinked,
        LinkFailed,
        LinkExpired,
        KeyRotated,
        DeliveryLoaded,
        LoadFailed,
        CellsComputed,
        PublicationReleased,
        PublicationCorrected,
        PublicationRetracted,
        PublicationHeld,
    )
}
