"""A number for every cell that a catalogue and a frame can have: tables of a nation meet by number, in arrays.

Why not a join: on four keys it builds rows of bytes and a hash table of them, 0.4 GB for the 1.8 million cells of a nation.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from gmsd_publication.disclosure.model import Ints

KEY = ("indicator", "moment", "region", "category")


@dataclass(frozen=True)
class Numbering:
    """Cells are numbered by indicator, moment, region and category, in the order of their types (`kinds`, as KEY)."""

    kinds: tuple[pl.Enum, ...]

    @classmethod
    def of(cls, schema: Mapping[str, pl.DataType]) -> "Numbering":
        """Of tables whose KEY columns have the types of this schema, all of them `pl.Enum`. Raises TypeError."""
        kinds = tuple(kind for kind in (schema[name] for name in KEY) if isinstance(kind, pl.Enum))
        if len(kinds) < len(KEY):
            raise TypeError(f"cells are numbered by types that know all their values, not {dict(schema)}")
        return cls(kinds)

    @property
    def shape(self) -> tuple[int, ...]:
        """How many indicators, moments, regions and categories there are."""
        return tuple(len(kind.categories) for kind in self.kinds)

    @property
    def size(self) -> int:
        """Numbers there are: more than cells, since not every indicator has every category."""
        return int(np.prod(self.shape))

    def numbers(self, table: pl.DataFrame) -> Ints:
        """[rows] of a table with KEY. Raises TypeError: it has other types, or a key that is null."""
        if (
            tuple(table.schema[name] for name in KEY) != self.kinds
            or table.select(KEY).null_count().row(0) != (0,) * 4
        ):
            raise TypeError("a table is numbered by its own types, and without nulls")
        at = tuple(table[name].to_physical().to_numpy() for name in KEY)
        found: Ints = np.ravel_multi_index(at, self.shape).astype(np.int64, copy=False)
        return found

    def spread(self, table: pl.DataFrame, column: str, missing: int) -> Ints:
        """[size] a column by number; `missing` where the table has no such cell. Raises TypeError, as `numbers` and for a null."""
        if table[column].null_count():
            raise TypeError(f"{column} has nulls")
        found = np.full(self.size, missing, dtype=np.int64)
        found[self.numbers(table)] = table[column].to_numpy()
        return found
