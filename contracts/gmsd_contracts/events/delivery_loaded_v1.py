"""A delivery is in the warehouse, whole."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, NonNegativeInt

from gmsd_contracts.events.delivery import AboutDelivery


class Coverage(BaseModel):
    """How many distinct persons of the delivery stand in the register pinned for its period.

    `register_parts` is the number of gemeenten whose register was there: coverage against part of a register says little.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")
    found: NonNegativeInt  # R
    not_found: NonNegativeInt  # S
    register_parts: NonNegativeInt


class DeliveryLoaded(AboutDelivery):
    """`coverage` is None for datasets without persons. A later register causes a new event for what it touches."""

    TYPE: ClassVar[str] = "nl.gmsd.delivery.loaded.v1"

    rows: NonNegativeInt
    coverage: Coverage | None = None
