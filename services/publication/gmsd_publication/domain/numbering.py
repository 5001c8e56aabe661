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
    """`shape`: how many indicators, moments, regions and categories there are, of which cells are numbered in that order."""

    shape: tuple[int, int, int, int]

    @classmethod
    def of(cls, schema: Mapping[str, pl.DataType]) -> "Numbering":
        """Of tables whose KEY columns have the types of this schema, all of them `pl.Enum`. Raises TypeError."""
        kinds = [schema[name] for name in KEY]
        sizes = [len(kind.categories) for kind in kinds if isinstance(kind, pl.Enum)]
        if len(sizes) < len(KEY):
            raise TypeError(f"cells are numbered by types that know all their values: {kinds}")
        return cls((sizes[0], sizes[1], sizes[2], sizes[3]))

    @property
    def size(self) -> int:
        """Numbers there are: more than cells, since not every indicator has every category."""
        return int(np.prod(self.shape))

    def numbers(self, table: pl.DataFrame) -> Ints:
        """[rows] of a table with KEY."""
        at = [table[name].to_physical().to_numpy() for name in KEY]
        found: Ints = np.ravel_multi_index(at, self.shape).astype(np.int64, copy=False)
        return found

    def spread(self, table: pl.DataFrame, column: str, missing: int) -> Ints:
        """[size] a column by number; `missing` where the table has no such cell."""
        found = np.full(self.size, missing, dtype=np.int64)
        found[self.numbers(table)] = table[column].to_numpy()
        return found
