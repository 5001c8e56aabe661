"""The release model: which figures are published together, and what anybody can compute from one for another."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gmsd_publication.disclosure.errors import BrokenDecomposition, Contradictory, MixedBases, NotAdditive

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

UNBOUNDED = np.iinfo(np.int64).max
"""An upper bound that nobody knows."""
TOP = -1
"""Parent of a block that lies in no other."""


NAUGHT = 2
"""Bases that a published 0 can be short of at most, however large the step: a total may have parts that were all published as 0 and
may not move; more would take from readers what totals are for."""


@dataclass(frozen=True, eq=False)
class Model:
    """n counts of one population, and everything that links them. Truth and publication obey it alike.

    `names` [n]             what each cell is, for people.
    `base` [n]              rounding base, a count (5 or 10). One base per equation.
    `published` [n]         False: an exclusive pattern nobody publishes, a free count that is there only so that all
                            figures fit one population.
    `steps` [n]             K of the cell's level, declared before rounding: the published value lies less than
                            base·(K+1) from the truth.
    `lower`, `upper` [n]    what the public knows of the truth beforehand: a definitional zero is upper 0; another
                            publisher's rounded figure is an interval.
    `equations` [m, n]      rows whose signed sum is 0: a total and its parts. `equation_names` [m].
    `implied` [k, n]        rows whose signed sum is a count too, so never negative: remainders, complements, overlaps.
                            A reader can compute them, so they are protected as cells. `implied_names` [k].
    `presence` [p, 2]       (part, whole): whole > 0 exactly when part > 0, as arrangements and persons.
    `block` [n], `parents`  where a cell is decided when the whole is too large to decide at once (disclosure.md 5.6):
                            block of each cell, parent of each block (TOP: none). A block comes after its parent.
    `units` [n, u]          what one contributor of an exclusive kind adds to every cell, in the order of finest cells;
                            None when kinds follow from the published figures (the catalogue's overlapping categories).
    `place` [n]             the region of each cell, or None: which cells wait together for their parts to be decided.
    """

    names: Sequence[str]
    base: Ints
    published: Flags
    steps: Ints
    lower: Ints
    upper: Ints
    equations: sp.csr_array
    equation_names: Sequence[str]
    implied: sp.csr_array
    implied_names: Sequence[str]
    presence: Ints
    block: Ints
    parents: Ints
    units: sp.csc_array | None = None
    place: Ints | None = None

    @property
    def size(self) -> int:
        """Number of cells, the unpublished ones included."""
        return len(self.base)

    @property
    def naught(self) -> Ints:
        """[n] what is published as 0 counts less than this, and its mark says so: K bases, one at least and NAUGHT at most."""
        most: Ints = self.base * np.clip(self.steps, 1, NAUGHT)
        return most

    @cached_property
    def finest(self) -> Flags:
        """[n] cells that are no sum: no equation has them as its total (its one coefficient of the other sign)."""
        totals = np.zeros(self.size, dtype=bool)
        rows = self.equations
        positive = np.bincount(_row_of(rows), weights=rows.data > 0, minlength=rows.shape[0])
        negative = np.bincount(_row_of(rows), weights=rows.data < 0, minlength=rows.shape[0])
        sign = np.where(positive == 1, 1, np.where(negative == 1, -1, 0))[_row_of(rows)]
        totals[rows.indices[np.sign(rows.data) == sign]] = True
        return ~totals

    def check(self) -> None:
        """That the model can be decided block by block and in multiples. Raises BrokenDecomposition, MixedBases, Contradictory."""
        for rows, names in ((self.equations, self.equation_names), (self.implied, self.implied_names)):
            self._check_bases(rows, names)
            self._check_blocks(rows, names)
        wrong = np.flatnonzero((self.lower < 0) | (self.lower > self.upper))
        if wrong.size:
            raise Contradictory(f"no count fits the public bounds of {self.names[wrong[0]]}")

    def check_truth(self, truth: Ints) -> None:
        """That exact counts obey the model. Raises NotAdditive, Contradictory; names the row, never a count."""
        if (truth < 0).any():
            raise NotAdditive(f"{self.names[int(np.flatnonzero(truth < 0)[0])]} is negative")
        broken = np.flatnonzero(self.equations @ truth)
        if broken.size:
            raise NotAdditive(
                f"{broken.size} equations do not hold, the first is {self.equation_names[broken[0]]}"
            )
        negative = np.flatnonzero((self.implied @ truth) < 0)
        if negative.size:
            raise NotAdditive(
                f"{negative.size} counts that follow from others are negative, the first is {self.implied_names[negative[0]]}"
            )
        part, whole = self.presence[:, 0], self.presence[:, 1]
        alone = np.flatnonzero((truth[part] > 0) != (truth[whole] > 0))
        if alone.size:
            raise NotAdditive(
                f"{self.names[whole[alone[0]]]} and {self.names[part[alone[0]]]} are not present together"
            )
        outside = np.flatnonzero((truth < self.lower) | (truth > self.upper))
        if outside.size:
            raise Contradictory(f"{self.names[outside[0]]} lies outside its public bounds")

    def _check_bases(self, rows: sp.csr_array, names: Sequence[str]) -> None:
        row = _row_of(rows)
        least = np.full(rows.shape[0], UNBOUNDED)
        most = np.zeros(rows.shape[0], dtype=np.int64)
        np.minimum.at(least, row, self.base[rows.indices])
        np.maximum.at(most, row, self.base[rows.indices])
        mixed = np.flatnonzero((most > 0) & (least != most))
        if mixed.size:
            raise MixedBases(f"{names[mixed[0]]} joins cells of base {least[mixed[0]]} and {most[mixed[0]]}")

    def _check_blocks(self, rows: sp.csr_array, names: Sequence[str]) -> None:
        """The blocks of a row must be a chain: its deepest block, and ancestors of that."""
        if (self.parents >= np.arange(len(self.parents))).any():
            raise BrokenDecomposition("a block comes before the block it lies in")
        row, blocks = _row_of(rows), self.block[rows.indices]
        own = np.full(rows.shape[0], TOP, dtype=np.int64)
        np.maximum.at(own, row, blocks)
        outside = np.ones(len(blocks), dtype=bool)
        at = own[row]
        while (at != TOP).any():
            outside &= blocks != at
            at = np.where(at == TOP, TOP, self.parents[at])
        if outside.any():
            raise BrokenDecomposition(
                f"{names[row[np.flatnonzero(outside)[0]]]} joins blocks that do not lie in one another"
            )

    def block_of_rows(self, rows: sp.csr_array) -> Ints:
        """The block in which each row is decided: the deepest of its cells."""
        own = np.full(rows.shape[0], TOP, dtype=np.int64)
        np.maximum.at(own, _row_of(rows), self.block[rows.indices])
        return own


def _row_of(rows: sp.csr_array) -> Ints:
    return np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
