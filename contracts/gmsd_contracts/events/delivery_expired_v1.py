"""The content a stage needs is gone; sending again is the way on."""

from typing import ClassVar, Literal

from gmsd_contracts.events.delivery import AboutDelivery


class DeliveryExpired(AboutDelivery):
    """Keys or log ran out before validation could read: VERLOPEN."""

    TYPE: ClassVar[str] = "nl.gmsd.delivery.expired.v1"
    stage: Literal["validation"] = "validation"


class LinkExpired(AboutDelivery):
    """Keys or log ran out before linkage could read (a requeue after 21 days): VERLOPEN."""

    TYPE: ClassVar[str] = "nl.gmsd.link.expired.v1"
    stage: Literal["linkage"] = "linkage"
