"""Consent to publish, or objection, per gemeente, product and period."""

from typing import ClassVar

from pydantic import PositiveInt

from gmsd_contracts.envelope import Payload
from gmsd_contracts.period import Period
from gmsd_contracts.slot import Deliverer


class ConsentChanged(Payload):
    """`given` False is an objection. `version` counts per (gemeente, product, period) from 1; the highest counts."""

    TYPE: ClassVar[str] = "nl.gmsd.consent.changed.v1"

    gemeente: Deliverer
    product: str
    period: Period
    given: bool
    version: PositiveInt
    by: str

    def key(self) -> str:
        return f"{self.gemeente}/{self.product}/{self.period}"

    def subject(self) -> str:
        return f"toestemming/{self.key()}"
