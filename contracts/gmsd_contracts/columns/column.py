"""A column of a delivery file: name, type, obligation, privacy class."""

from enum import StrEnum
from typing import Literal

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, PositiveInt


class ColumnType(StrEnum):
    """What a field may hold; the text form is that of datasets.md, "File form"."""

    GEMEENTE = "gemeentecode"  # GM + 4 digits, or 4 digits (then GM is put before)
    REGION = "regiocode"  # two letters + 2 to 8 letters or digits
    DATE = "datum"  # JJJJMMDD
    BSN = "bsn"  # 9 digits that pass the elfproef
    CODE = "code"  # one of `codes`
    TEXT = "tekst"
    NUMBER = "geheel getal"
    POSTCODE = "postcode"  # 4 digits + 2 letters
    IDENTIFIER = "kenmerk"  # the deliverer's own key


class Tag(StrEnum):
    """What a pseudonym stands for: the same value under two tags gives two unrelated pseudonyms."""

    PERSON = "person"
    HOUSEHOLD = "household"
    TOEWIJZING = "toewijzing"
    COMPOSITE = "composite"


class Privacy(BaseModel):
    """What leaves linkage of this column."""

    model_config = ConfigDict(frozen=True)
    kind: Literal["keep", "drop", "pseudonym", "coarsen"]
    tag: Tag | None = None
    how: Literal["month"] | None = None


KEEP = Privacy(kind="keep")
DROP = Privacy(kind="drop")
MONTH = Privacy(kind="coarsen", how="month")


def pseudonym(tag: Tag) -> Privacy:
    """The value leaves as a 16-byte keyed block."""
    return Privacy(kind="pseudonym", tag=tag)


class Column(BaseModel):
    """One column of one dataset version.

    `required`: every row fills it. `one_of`: at least one column of the same name group is filled; the last in
    column order is preferred. `length`: the most characters a field may hold.
    """

    model_config = ConfigDict(frozen=True)
    name: str
    type: ColumnType
    description: str  # Dutch: stands in the documentation of the file and in findings
    example: str
    privacy: Privacy
    length: PositiveInt
    required: bool = False
    one_of: str | None = None
    codes: dict[str, str] | None = None

    @property
    def checked_type(self) -> pa.DataType:
        """Arrow type in `<dataset>.checked/<version>`."""
        match self.type:
            case ColumnType.DATE:
                return pa.date32()
            case ColumnType.NUMBER:
                return pa.int64()
            case _:
                return pa.string()

    @property
    def linked_type(self) -> pa.DataType | None:
        """Arrow type in `<dataset>.linked/<version>`; None when the column does not leave linkage."""
        match self.privacy.kind:
            case "drop":
                return None
            case "pseudonym":
                return pa.binary(16)
            case _:
                return self.checked_type
