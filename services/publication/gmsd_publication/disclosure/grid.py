"""Cells of tables with hierarchies as numbers, and the rows that link them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
import polars as pl
import scipy.sparse as sp

from gmsd_publication.disclosure.errors import InputInvalid
from gmsd_publication.disclosure.hierarchy import Hierarchy
from gmsd_publication.disclosure.model import Flags, Ints

BETWEEN = " · "
TOTAL = "totaal"


@dataclass(frozen=True)
class Grid:
    """Cells as sorted numbers, one per combination of codes, the first dimension the slowest."""

    hierarchies: Sequence[Hierarchy]
    keys: Ints

    @property
    def radix(self) -> list[int]:
        """What one code further in each dimension adds to a key."""
        sizes = [len(each.codes) for each in self.hierarchies]
        return [int(np.prod(sizes[i + 1 :], dtype=object)) for i in range(len(sizes))]

    def codes(self, dimension: int) -> Ints:
        """[n] the place of each cell's code in its hierarchy."""
        return self.keys // self.radix[dimension] % len(self.hierarchies[dimension].codes)

    def find(self, keys: Ints) -> Ints:
        """The cell of each key; -1 where there is none."""
        if not len(self.keys):
            return np.full(len(keys), -1, dtype=np.int64)
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[at] == keys, at, -1)

    @property
    def finest(self) -> Flags:
        """[n] cells of which every code is a finest one."""
        flags = np.ones(len(self.keys), dtype=bool)
        for i, hierarchy in enumerate(self.hierarchies):
            flags &= hierarchy.leaf[self.codes(i)]
        return flags

    def frame(self) -> pl.DataFrame:
        """The codes in words, one column per dimension."""
        return pl.DataFrame(
            {
                each.dimension: pl.Series(each.codes, dtype=pl.String).gather(self.codes(i))
                for i, each in enumerate(self.hierarchies)
            }
        )

    def names(self) -> list[str]:
        """What each cell is: `regio=L · inkomen=annet`. A dimension at its one top is left out."""
        parts = []
        for i, hierarchy in enumerate(self.hierarchies):
            spoken: list[str | None] = [f"{hierarchy.dimension}={code}" for code in hierarchy.codes]
            if hierarchy.top is not None:
                spoken[hierarchy.top] = None
            parts.append(pl.Series(spoken, dtype=pl.String).gather(self.codes(i)).alias(f"d{i}"))
        joined = pl.DataFrame(parts).select(pl.concat_str(pl.all(), separator=BETWEEN, ignore_nulls=True))
        return [name or TOTAL for name in joined.to_series().to_list()]


@dataclass(frozen=True)
class Rows:
    """Sparse rows over the cells of a grid, +1 for the whole and -1 for its parts, and what each says."""

    matrix: sp.csr_array
    names: list[str]


class Parts(Enum):
    """Which rows are meant: a part that is no cell of the grid may be a zero, or not known."""

    ANY = "absent is zero"
    ALL = "rows of which every part is there"
    SOME = "rows of which a part is absent"


def rows(grid: Grid, complete: bool, parts: Parts = Parts.ANY) -> Rows:
    """A row for every cell and every division of one of its codes.

    `complete`: divisions that make up the whole (equations), or the others (a part never exceeds the whole).
    """
    cells, members, row, names = [], [], [], list[str]()
    base_names = grid.names()
    for i, hierarchy in enumerate(grid.hierarchies):
        whole, part, group = _row_parts(grid, i, complete, parts)
        found, own = np.unique(whole * (len(hierarchy.divisions) + 1) + group, return_inverse=True)
        cells.append(found // (len(hierarchy.divisions) + 1))
        members.append(part)
        row.append(own + len(names))
        says = "opgeteld over" if complete and parts is not Parts.SOME else "min een deel van"
        names.extend(f"{base_names[cell]}, {says} {hierarchy.dimension}" for cell in cells[-1].tolist())
    wholes, each = np.concatenate(cells), np.concatenate(members)
    matrix = sp.csr_array(
        (
            np.concatenate([np.ones(len(wholes), dtype=np.int64), -np.ones(len(each), dtype=np.int64)]),
            (
                np.concatenate([np.arange(len(wholes)), np.concatenate(row)]),
                np.concatenate([wholes, each]),
            ),
        ),
        shape=(len(names), len(grid.keys)),
    )
    return Rows(matrix, names)


def check_size(hierarchies: Sequence[Hierarchy]) -> None:
    """That a key fits 62 bits. Raises InputInvalid."""
    if np.prod([len(each.codes) for each in hierarchies], dtype=object) >= 2**62:
        raise InputInvalid(
            "te veel dimensies: er zijn meer combinaties van codes dan een getal van 62 bits telt"
        )


def _row_parts(grid: Grid, dimension: int, complete: bool, parts: Parts) -> tuple[Ints, Ints, Ints]:
    """(cell of the whole, cell of the part, number of the division) along one dimension, one line per part."""
    hierarchy = grid.hierarchies[dimension]
    divisions = [each for each in hierarchy.divisions if each.complete is complete]
    size = np.array([len(each.parts) for each in divisions], dtype=np.int64)
    number = np.repeat(np.arange(len(divisions)), size)
    to = np.repeat(np.array([each.whole for each in divisions], dtype=np.int64), size)
    part = np.array([code for each in divisions for code in each.parts], dtype=np.int64)
    order = np.argsort(part, kind="stable")
    part, to, number = part[order], to[order], number[order]
    cell, at = _matches(grid.codes(dimension), part)
    radix = grid.radix[dimension]
    whole = grid.find(grid.keys[cell] + (to[at] - part[at]) * radix)
    group = number[at]
    keep = whole >= 0
    if parts is not Parts.ANY and len(whole):
        _, own, present = np.unique(
            whole * (len(divisions) + 1) + group, return_inverse=True, return_counts=True
        )
        keep &= (present[own] == size[group]) == (parts is Parts.ALL)
    return whole[keep], cell[keep], group[keep]


def _matches(codes: Ints, sorted_codes: Ints) -> tuple[Ints, Ints]:
    """All pairs (i, j) with codes[i] == sorted_codes[j]."""
    first = np.searchsorted(sorted_codes, codes, side="left")
    count = np.searchsorted(sorted_codes, codes, side="right") - first
    left = np.repeat(np.arange(len(codes)), count)
    offset = np.arange(len(left)) - np.repeat(np.cumsum(count) - count, count)
    return left, first[left] + offset


def expand(finest: Grid) -> tuple[Ints, Ints]:
    """(number of the finest cell, key of a cell it lies in), every pair once."""
    unit = np.arange(len(finest.keys))
    keys = finest.keys
    for i, hierarchy in enumerate(finest.hierarchies):
        leaf, code = hierarchy.memberships
        left, at = _matches(finest.codes(i)[unit], leaf)
        keys = keys[left] + (code[at] - leaf[at]) * finest.radix[i]
        unit = unit[left]
    return unit, keys
