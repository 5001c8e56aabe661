"""The platform team sends a failed delivery through its stage again."""

from typing import ClassVar, Literal

from gmsd_contracts.content import ContentRef
from gmsd_contracts.events.delivery import FromIntake


class DeliveryRequeued(FromIntake):
    """After MISLUKT. `content` repeats what the stage reads: raw for validation, checked records for linkage, linked for aggregation.

    It refers to content another event made exist, so it keeps no key alive (`contents` is empty).
    """

    TYPE: ClassVar[str] = "nl.gmsd.delivery.requeued.v1"

    stage: Literal["validation", "linkage", "aggregation"]
    specification: str | None = None
    nothing_to_report: bool = False
    content: ContentRef | None = None
