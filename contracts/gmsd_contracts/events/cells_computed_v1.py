"""A snapshot: every exact cell of one product and period, from an explicit set of deliveries."""

from typing import ClassVar

from pydantic import NonNegativeInt

from gmsd_contracts.content import ContentRef
from gmsd_contracts.envelope import Payload
from gmsd_contracts.period import Period


class CellsComputed(Payload):
    """`snapshot_id` is the hash of the input set: sorted effective delivery ids + versions of catalogue, merge rule and code.

    `cells` has schema `cells/1`, `frame` has `frame/1` (gmsd_contracts.cells).
    """

    TYPE: ClassVar[str] = "nl.gmsd.cells.computed.v1"

    product: str
    period: Period
    snapshot_id: str
    inputs: NonNegativeInt
    catalogue_version: str
    merge_rule_version: str
    cells: ContentRef
    frame: ContentRef

    def key(self) -> str:
        return f"{self.product}/{self.period}"

    def subject(self) -> str:
        return f"momentopname/{self.snapshot_id[:16]}"

    def contents(self) -> tuple[ContentRef, ...]:
        return (self.cells, self.frame)
