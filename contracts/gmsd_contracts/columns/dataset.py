"""A version of a dataset: its columns and the Arrow schemas that follow from them."""

from datetime import date
from typing import Literal

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, PositiveInt

from gmsd_contracts.columns.column import Column, Tag

ROW = "_row"
"""Row number in the delivered file, from 1 for the first row under the header; a finding and a record point at the same row."""


class DatasetVersion(BaseModel):
    """The columns of one dataset version; validation owns the rules, not the columns.

    `valid_from` is the first period-start the version applies to. `composite` names the three columns (sex, birth
    date, postcode) from which linkage makes the composite pseudonym, when the dataset has them.
    """

    model_config = ConfigDict(frozen=True)
    name: str
    version: PositiveInt
    title: str  # Dutch
    deliverer: Literal["gemeente", "registerhouder", "zorgaanbieder"]
    period_kind: Literal["HJ", "JJ", "MM", "KW"]
    valid_from: date
    per_part: bool = False
    columns: tuple[Column, ...]
    composite: tuple[str, str, str] | None = None

    @property
    def id(self) -> str:
        """`wmo/1`: what an assessed event names as its specification."""
        return f"{self.name}/{self.version}"

    @property
    def checked_name(self) -> str:
        return f"{self.name}.checked/{self.version}"

    @property
    def linked_name(self) -> str:
        return f"{self.name}.linked/{self.version}"

    def column(self, name: str) -> Column:
        """The column of this name; KeyError when there is none."""
        return {column.name: column for column in self.columns}[name]

    @property
    def checked_schema(self) -> pa.Schema:
        """`_row` uint32, then every column in order, typed; empty is null. The content is an Arrow IPC stream (zstd off: the seal compresses)."""
        fields = [pa.field(ROW, pa.uint32(), nullable=False)]
        fields += [pa.field(column.name, column.checked_type) for column in self.columns]
        return pa.schema(fields, metadata={"schema": self.checked_name})

    @property
    def linked_schema(self) -> pa.Schema:
        """As `checked_schema`, each column as its privacy class says.

        A pseudonym column keeps its name (bsn holds 16 bytes, not a BSN). A birth date is the first of its month.
        Datasets with a composite gain `_composite` (16 bytes, null where one of the three is empty).
        """
        fields = [pa.field(ROW, pa.uint32(), nullable=False)]
        for column in self.columns:
            kind = column.linked_type
            if kind is not None:
                fields.append(pa.field(column.name, kind))
        if self.composite is not None:
            fields.append(pa.field("_composite", pa.binary(16)))
        return pa.schema(fields, metadata={"schema": self.linked_name})

    @property
    def person_column(self) -> str | None:
        """The column under the person tag; None for datasets without persons."""
        for column in self.columns:
            if column.privacy.tag is Tag.PERSON:
                return column.name
        return None
