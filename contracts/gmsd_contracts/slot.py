"""What a delivery fills: one deliverer's file of one dataset for one period (and part)."""

from typing import Annotated
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import BaseModel, ConfigDict, StringConstraints

from gmsd_contracts.period import Period

Deliverer = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2,20}$")]
"""`GM0344` for a gemeente, an AGB code for a provider, `RVIG` and `CBS` for register holders; never a person."""
Dataset = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{1,30}$")]
Part = Annotated[str, StringConstraints(pattern=r"^([A-Z0-9]{2,20})?$")]

NAMESPACE = uuid5(NAMESPACE_URL, "urn:gmsd:identity")
"""Root of every deterministic id; changing it forks all of history."""


class Slot(BaseModel):
    """A place that one delivery at a time fills; a newer delivery replaces the period's data in full."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    deliverer: Deliverer
    dataset: Dataset
    period: Period
    part: Part = ""

    @property
    def key(self) -> str:
        """Partition key: all events of a slot stand in one partition, in order."""
        return "/".join((self.deliverer, self.dataset, self.period, self.part)).rstrip("/")


def delivery_id(slot: Slot, seq: int, sha256: str, nothing_to_report: bool) -> UUID:
    """Identity of a delivery: the slot, its number in the slot, and what was said.

    The same bytes sent again as the newest live delivery are that delivery; the caller decides that by not
    raising `seq`. "Nothing to report" is a statement of its own, so it is part of the identity.
    """
    return uuid5(NAMESPACE, f"delivery|{slot.key}|{seq}|{sha256}|{int(nothing_to_report)}")
