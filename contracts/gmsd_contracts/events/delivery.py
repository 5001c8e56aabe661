"""What all events about one delivery share."""

from uuid import UUID

from gmsd_contracts.envelope import Payload
from gmsd_contracts.slot import Slot


class AboutDelivery(Payload):
    """An event about one delivery; all events of a slot share a partition."""

    slot: Slot
    delivery_id: UUID

    def key(self) -> str:
        return self.slot.key

    def subject(self) -> str:
        return f"levering/{self.delivery_id}"


class FromIntake(AboutDelivery):
    """An event by which intake changes a slot.

    `slot_version` numbers these per slot from 1. Intake's fold ignores an event that is not current + 1: two
    instances that decide at once cannot both win, and the log says who did.
    """

    slot_version: int
