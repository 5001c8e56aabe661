"""Validation's verdict on a delivery."""

from enum import StrEnum
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, NonNegativeInt

from gmsd_contracts.content import ContentRef
from gmsd_contracts.events.delivery import AboutDelivery


class Severity(StrEnum):
    """How bad a finding is: see product.md, life of a delivery, step 4."""

    FATAAL = "FATAAL"  # the file cannot be read
    FOUT = "FOUT"  # row or file breaks the specification: rejects the delivery
    WAARSCHUWING = "WAARSCHUWING"  # the deliverer confirms or corrects
    INFO = "INFO"


class Verdict(StrEnum):
    """What the technical check concludes; only `ok` can become akkoord."""

    OK = "ok"
    FOUT = "fout"
    FATAAL = "fataal"


class RuleCount(BaseModel):
    """How often one rule fired; exact, however many findings were kept as examples."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    rule: str
    severity: Severity
    count: NonNegativeInt


class ColumnProfile(BaseModel):
    """Op-orde profile of one column: counts only, never a value outside its code list."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    column: str
    filled: NonNegativeInt
    unknown: NonNegativeInt
    codes: dict[str, NonNegativeInt] = {}


class Profile(BaseModel):
    """Counts a coordinator judges completeness by; shares follow from `rows`."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    rows: NonNegativeInt
    persons: NonNegativeInt = 0
    columns: tuple[ColumnProfile, ...] = ()


class DeliveryAssessed(AboutDelivery):
    """`records` (checked rows) exist only when the verdict is ok and there are rows; `findings` only when there are any.

    `complete` is False when examples in `findings` were capped; counts stay exact.
    """

    TYPE: ClassVar[str] = "nl.gmsd.delivery.assessed.v1"

    verdict: Verdict
    specification: str
    rule_set: str
    rows: NonNegativeInt
    counts: tuple[RuleCount, ...] = ()
    complete: bool = True
    profile: Profile | None = None
    findings: ContentRef | None = None
    records: ContentRef | None = None

    def contents(self) -> tuple[ContentRef, ...]:
        return tuple(ref for ref in (self.findings, self.records) if ref is not None)
