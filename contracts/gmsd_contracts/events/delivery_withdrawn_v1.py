"""A delivery is taken back."""

from typing import ClassVar, Literal

from gmsd_contracts.events.delivery import FromIntake


class DeliveryWithdrawn(FromIntake):
    """By the deliverer before it is in force; by the platform team also after, as erasure: the slot is then empty."""

    TYPE: ClassVar[str] = "nl.gmsd.delivery.withdrawn.v1"

    by: Literal["aanleveraar", "platform"]
