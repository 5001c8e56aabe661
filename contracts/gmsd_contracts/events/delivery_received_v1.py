"""A file (or the statement that there is nothing to report) has arrived."""

from typing import ClassVar

from pydantic import NonNegativeInt, PositiveInt

from gmsd_contracts.content import ContentRef
from gmsd_contracts.events.delivery import FromIntake


class DeliveryReceived(FromIntake):
    """Intake holds the bytes. `content` is None when nothing was sent with "niets te melden"."""

    TYPE: ClassVar[str] = "nl.gmsd.delivery.received.v1"

    seq: PositiveInt
    sha256: str
    bytes: NonNegativeInt
    nothing_to_report: bool = False
    content: ContentRef | None = None

    def contents(self) -> tuple[ContentRef, ...]:
        return () if self.content is None else (self.content,)
