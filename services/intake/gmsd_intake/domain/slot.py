"""A slot with its deliveries, and the numbers the next event about it gets."""

from dataclasses import dataclass
from uuid import UUID

from gmsd_contracts.events.delivery_assessed_v1 import DeliveryAssessed, Severity
from gmsd_contracts.events.delivery_linked_v1 import DeliveryLinked
from gmsd_contracts.events.delivery_received_v1 import DeliveryReceived
from gmsd_contracts.slot import Slot, delivery_id
from gmsd_intake.domain.refusal import Refused
from gmsd_intake.domain.state import Status


@dataclass(frozen=True)
class SlotDelivery:
    """One delivery of the slot: what the events that count say, and its status."""

    received: DeliveryReceived
    status: Status
    assessed: DeliveryAssessed | None = None
    linked: DeliveryLinked | None = None

    @property
    def id(self) -> UUID:
        return self.received.delivery_id

    @property
    def seq(self) -> int:
        return self.received.seq

    @property
    def warnings(self) -> tuple[str, ...]:
        """Rules that the deliverer must confirm before akkoord."""
        return () if self.assessed is None else warnings_of(self.assessed)


@dataclass(frozen=True)
class SlotView:
    """`version`: the slot_version of the last event that counted, 0 before the first. Deliveries by seq, oldest first."""

    slot: Slot
    version: int
    deliveries: tuple[SlotDelivery, ...] = ()

    @property
    def next_version(self) -> int:
        return self.version + 1

    def get(self, delivery: UUID) -> SlotDelivery:
        """Refused(levering-onbekend) when it is not of this slot."""
        for candidate in self.deliveries:
            if candidate.id == delivery:
                return candidate
        raise Refused("levering-onbekend")

    def newest_live(self) -> SlotDelivery | None:
        """The live delivery with the highest seq: what sending the same bytes again means."""
        return next((each for each in reversed(self.deliveries) if each.status.live), None)

    def newer_than(self, delivery: SlotDelivery, *, live: bool) -> SlotDelivery | None:
        """The newest delivery after this one; with `live` only among those that can still come in force."""
        candidates = (each for each in reversed(self.deliveries) if each.seq > delivery.seq)
        return next((each for each in candidates if each.status.live or not live), None)


@dataclass(frozen=True)
class Place:
    """Where the next delivery of a slot goes. `same`: the bytes are those of the newest live delivery."""

    delivery: UUID
    seq: int
    slot_version: int
    same: bool


def place(view: SlotView, sha256: str, nothing_to_report: bool) -> Place:
    """The delivery that these bytes are: the newest live one again, or the next of the slot."""
    newest = view.newest_live()
    if newest is not None:
        received = newest.received
        if (received.sha256, received.nothing_to_report) == (sha256, nothing_to_report):
            return Place(newest.id, newest.seq, received.slot_version, same=True)
    seq = 1 + max((each.seq for each in view.deliveries), default=0)
    return Place(delivery_id(view.slot, seq, sha256, nothing_to_report), seq, view.next_version, same=False)


def warnings_of(assessed: DeliveryAssessed) -> tuple[str, ...]:
    """Rules of severity WAARSCHUWING that fired, sorted."""
    fired = (each for each in assessed.counts if each.severity is Severity.WAARSCHUWING and each.count)
    return tuple(sorted({each.rule for each in fired}))
