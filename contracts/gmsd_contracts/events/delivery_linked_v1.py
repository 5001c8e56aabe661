"""A delivery's rows stand under pseudonym."""

from typing import ClassVar

from pydantic import NonNegativeInt

from gmsd_contracts.content import ContentRef
from gmsd_contracts.events.delivery import AboutDelivery


class DeliveryLinked(AboutDelivery):
    """`records` is None for a delivery without rows. `without_identity` counts rows that name no person."""

    TYPE: ClassVar[str] = "nl.gmsd.delivery.linked.v1"

    specification: str
    key_version: int
    rows: NonNegativeInt
    without_identity: NonNegativeInt = 0
    records: ContentRef | None = None

    def contents(self) -> tuple[ContentRef, ...]:
        return () if self.records is None else (self.records,)
