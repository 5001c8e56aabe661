"""The port to data keys: one per content. Destroying it is the erasure of the content, wherever its copies are."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from gmsd_chassis.errors import ContentExpired
from gmsd_contracts.zones import Zone

KEY_BYTES = 32
"""AES-256: data keys and key-encryption keys alike."""


class KeyDestroyed(ContentExpired):
    """This delivery's keys were destroyed: no content of it may be written any more, and no event may refer to it.

    A ContentExpired, because a stage that works on such a delivery ends the same way when it meets the erasure at its
    output as when it meets it at its input.
    """

    def __init__(self, delivery: UUID) -> None:
        super().__init__(f"the keys of delivery {delivery} were destroyed")
        self.delivery = delivery


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What is known of a data key without opening it."""

    content_id: UUID
    delivery: UUID
    zone: Zone
    owner: str  # the service that made it
    created: datetime


class KeyRing(Protocol):
    """Data keys, each wrapped by the key-encryption key of its zone. Methods block briefly: call them in a thread.

    A service without the key of a zone can destroy keys of that zone, and not open them.
    """

    def create(self, zone: Zone, delivery: UUID, content_id: UUID) -> bytes:
        """A new data key (32 bytes), durable when this returns.

        Raises KeyDestroyed after `destroy(delivery)`, ConfigError without the zone's key-encryption key,
        ValueError for a content_id that has a key already.
        """

    def open(self, zone: Zone, content_id: UUID) -> bytes:
        """The data key of a content. Raises ContentExpired when there is none (any more), ConfigError as `create`."""

    def exists(self, content_id: UUID) -> bool:
        """Whether `open` would find the key, in whichever zone."""

    def destroy(self, delivery: UUID) -> int:
        """Destroy every key of a delivery, in every zone, and leave a tombstone: `create` raises KeyDestroyed from then on.

        Returns how many keys went. Can be repeated, and finishes what a crash interrupted.
        """

    def is_destroyed(self, delivery: UUID) -> bool:
        """Whether the delivery has a tombstone."""

    def destroy_content(self, content_id: UUID) -> bool:
        """Destroy the key of one content; the delivery may get others. False when there was none."""

    def list(self) -> Iterator[KeyRecord]:
        """Every key there is, of every owner and zone, in no order; keys made or destroyed meanwhile may be missed."""
