"""The topic registry: one object per topic. Nothing else names a topic."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

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
from gmsd_contracts.zones import Zone

Service = Literal["intake", "validation", "linkage", "aggregation", "publication"]
SERVICES: tuple[Service, ...] = ("intake", "validation", "linkage", "aggregation", "publication")

MAX_MESSAGE_BYTES = 1_048_576
"""Same on content and quarantine topics: what can be sent can be quarantined."""


@dataclass(frozen=True)
class Topic:
    """A topic: who alone writes it, what stands in it, by which key, for how long, in which zone."""

    name: str
    owner: Service
    key: str
    retention: timedelta | None  # None: for ever
    zone: Zone
    kind: Literal["events", "content", "quarantine"]
    event_types: tuple[str, ...] = ()
    partitions: int = 12
    config: dict[str, str] = field(default_factory=dict, hash=False)

    @property
    def settings(self) -> dict[str, str]:
        """Kafka topic configuration. `delete`, never `compact`: a tombstone in a compacted topic stays on disk."""
        retention_ms = -1 if self.retention is None else int(self.retention.total_seconds() * 1000)
        return {
            "cleanup.policy": "delete",
            "retention.ms": str(retention_ms),
            "retention.bytes": "-1",
            "max.message.bytes": str(MAX_MESSAGE_BYTES),
            **self.config,
        }


def _events(
    name: str,
    owner: Service,
    key: str,
    *payloads: type[Payload],
    partitions: int = 12,
    zone: Zone = Zone.STATISTICAL,
) -> Topic:
    types = tuple(payload.TYPE for payload in payloads)
    return Topic(name, owner, key, None, zone, "events", types, partitions)


def _content(name: str, owner: Service, zone: Zone, retention: timedelta | None) -> Topic:
    # Segments roll hourly: a segment is deleted only when its newest record is old enough.
    config = {"segment.ms": "3600000"} if retention is not None else {}
    return Topic(name, owner, "content_id", retention, zone, "content", config=config)


REGISTRATIONS = _events(
    "registrations",
    "intake",
    "deliverer or period",
    DelivererRegistered,
    WindowOpened,
    WindowClosed,
    partitions=1,
)
DELIVERIES = _events(
    "deliveries", "intake", "slot", DeliveryReceived, DeliveryDecided, DeliveryWithdrawn, DeliveryRequeued
)
CONSENTS = _events("consents", "intake", "gemeente/product/period", ConsentChanged, partitions=1)
ASSESSMENTS = _events(
    "assessments", "validation", "slot", DeliveryAssessed, AssessmentFailed, DeliveryExpired
)
LINKS = _events("links", "linkage", "slot", DeliveryLinked, LinkFailed, LinkExpired, KeyRotated)
SNAPSHOTS = _events(
    "snapshots", "aggregation", "slot or product/period", DeliveryLoaded, LoadFailed, CellsComputed
)
PUBLICATIONS = _events(
    "publications",
    "publication",
    "product/period",
    PublicationReleased,
    PublicationCorrected,
    PublicationRetracted,
    PublicationHeld,
    partitions=1,
    zone=Zone.PUBLIC,
)

CONTENT_RAW = _content("content.raw", "intake", Zone.IDENTIFYING, timedelta(days=21))
CONTENT_CHECKED = _content("content.checked", "validation", Zone.IDENTIFYING, timedelta(days=21))
CONTENT_LINKED = _content("content.linked", "linkage", Zone.PSEUDONYMOUS, None)  # erased by key
CONTENT_CELLS = _content("content.cells", "aggregation", Zone.STATISTICAL, timedelta(days=400))
CONTENT_RELEASES = _content("content.releases", "publication", Zone.PUBLIC, None)

_QUARANTINE_ZONE: dict[Service, Zone] = {
    "intake": Zone.IDENTIFYING,
    "validation": Zone.IDENTIFYING,
    "linkage": Zone.IDENTIFYING,
    "aggregation": Zone.PSEUDONYMOUS,
    "publication": Zone.STATISTICAL,
}
_QUARANTINES = {
    service: Topic(
        f"quarantine.{service}", service, "original key", timedelta(days=30), zone, "quarantine", partitions=1
    )
    for service, zone in _QUARANTINE_ZONE.items()
}

TOPICS: dict[str, Topic] = {
    topic.name: topic
    for topic in (
        REGISTRATIONS,
        DELIVERIES,
        CONSENTS,
        ASSESSMENTS,
        LINKS,
        SNAPSHOTS,
        PUBLICATIONS,
        CONTENT_RAW,
        CONTENT_CHECKED,
        CONTENT_LINKED,
        CONTENT_CELLS,
        CONTENT_RELEASES,
        *_QUARANTINES.values(),
    )
}

_TOPIC_OF_TYPE = {event_type: topic for topic in TOPICS.values() for event_type in topic.event_types}


def topic_of(event_type: str) -> Topic:
    """The one topic in which events of this type stand; KeyError for a type nobody declared."""
    return _TOPIC_OF_TYPE[event_type]


def quarantine_of(service: Service) -> Topic:
    """Where a service puts what it cannot process."""
    return _QUARANTINES[service]
