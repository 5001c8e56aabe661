"""Small integer programs that change a few blocks of a table and leave the rest as it is."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from gmsd_publication.disclosure.audit.blocks import Block
from gmsd_publication.disclosure.audit.bounds import Floats
from gmsd_publication.disclosure.audit.system import System
from gmsd_publication.disclosure.audit.whole import Whole
from gmsd_publication.disclosure.model import UNBOUNDED, Flags, Ints

REACH = 2**20
"""How far a count without a known upper end may move: enough to show it is wide, small enough for a solver's floats."""

KNOWN = -1


def local(given: System, table: Ints, free: Ints, cost: Floats, slack_cost: float | None = None) -> Whole:
    """The best change of the cells `free`, the others as in `table`: variables are the free cells' values.

    With `slack_cost` rows may fail, at that price per unit: two more variables per touched row, behind the cells.
    """
    touched = np.unique(given.columns[:, free].indices)
    rows = given.rows[touched]
    part = rows[:, free]
    rest = -(rows @ table - part @ table[free]).astype(float)
    bonds, bond_low = _together(given, table, free)
    matrix = sp.vstack([part.astype(float), bonds], format="csr")
    if slack_cost is not None:
        slack = sp.vstack(
            [sp.eye_array(len(touched)), sp.csr_array((bonds.shape[0], len(touched)))], format="csr"
        )
        matrix = sp.hstack([matrix, slack, -slack], format="csr")
        cost = np.concatenate([cost, np.full(2 * len(touched), slack_cost)])
    return Whole(
        cost=cost,
        lower=given.low[free],
        upper=np.where(given.high[free] == UNBOUNDED, table[free] + REACH, given.high[free]),
        matrix=matrix,
        low=np.concatenate([rest, bond_low]),
        high=np.concatenate([rest, np.full(len(bond_low), np.inf)]),
    )


def _together(given: System, table: Ints, free: Ints) -> tuple[sp.csr_array, Floats]:
    """M·x[b] − x[a] ≥ 0 both ways: one is not positive without the other."""
    place = np.full(given.size, -1)
    place[free] = np.arange(len(free))
    pairs = np.concatenate([given.together, given.together[:, ::-1]])
    pairs = pairs[(place[pairs] >= 0).any(axis=1)]
    a, b = pairs[:, 0], pairs[:, 1]
    most = np.where(given.high[a] == UNBOUNDED, table[a] + REACH, given.high[a]).astype(float)
    row = np.arange(len(pairs))
    in_a, in_b = place[a] >= 0, place[b] >= 0
    matrix = sp.csr_array(
        (
            np.concatenate([-np.ones(in_a.sum()), most[in_b]]),
            (np.concatenate([row[in_a], row[in_b]]), np.concatenate([place[a[in_a]], place[b[in_b]]])),
        ),
        shape=(len(pairs), len(free)),
    )
    return matrix, np.where(in_a, 0, table[a]) - np.where(in_b, 0, most * table[b])


@dataclass(frozen=True)
class Neighbours:
    """Which blocks a change in one must reach: those of its totals, and for room, those that share a total with it."""

    given: System
    blocks: list[Block]

    @cached_property
    def block_of(self) -> Ints:
        """[cells] the block of each; KNOWN for a cell that cannot move."""
        own = np.full(self.given.size, KNOWN, dtype=np.int64)
        for number, block in enumerate(self.blocks):
            own[block.cells] = number
        return own

    @cached_property
    def _total(self) -> Flags:
        """[entries] whether the cell is its row's total: its one entry of that sign."""
        data, row, count = self.given.rows.data, self.given.row_of, self.given.rows.shape[0]
        positive = np.bincount(row, weights=data > 0, minlength=count)
        negative = np.bincount(row, weights=data < 0, minlength=count)
        sign = np.where(positive == 1, 1, np.where(negative == 1, -1, 0))[row]
        return np.asarray(np.sign(data) == sign)

    @cached_property
    def heights(self) -> Ints:
        """[cells] how many sums lie between a cell and the finest cells below it, cut off where sums are circular."""
        cell, row, total = self.given.rows.indices, self.given.row_of, self._total
        height = np.zeros(self.given.size, dtype=np.int64)
        for _ in range(64):
            most = np.zeros(self.given.rows.shape[0], dtype=np.int64)
            np.maximum.at(most, row[~total], height[cell[~total]] + 1)
            higher = height.copy()
            np.maximum.at(higher, cell[total], most[row[total]])
            if (higher == height).all():
                break
            height = higher
        return height

    @cached_property
    def _linking(self) -> Flags:
        """[entries] of rows that hold cells of several blocks."""
        own, row = self.block_of[self.given.rows.indices], self.given.row_of
        count, moving = self.given.rows.shape[0], own != KNOWN
        least, most = np.full(count, len(self.blocks)), np.full(count, KNOWN)
        np.minimum.at(least, row[moving], own[moving])
        np.maximum.at(most, row[moving], own[moving])
        return np.asarray((least < most)[row] & moving)

    @cached_property
    def above(self) -> list[list[int]]:
        """[blocks] blocks with totals of its cells, and with totals of those."""
        parts, totals = (self._incidence(self._linking & each) for each in (~self._total, self._total))
        up = (parts.T @ totals).tocsr()
        direct = [up.indices[up.indptr[i] : up.indptr[i + 1]].tolist() for i in range(len(self.blocks))]
        reached = []
        for own, first in enumerate(direct):
            found, waiting = {own}, list(first)
            while waiting:
                at = waiting.pop()
                if at not in found:
                    found.add(at)
                    waiting.extend(direct[at])
            reached.append(sorted(found - {own}))
        return reached

    @cached_property
    def beside(self) -> list[list[int]]:
        """[blocks] blocks that share a total with it, those that share most of them first."""
        parts = self._incidence(self._linking & ~self._total)
        shared = (parts.T @ parts).tocsr()
        result = []
        for own in range(len(self.blocks)):
            span = slice(shared.indptr[own], shared.indptr[own + 1])
            other, count = shared.indices[span], shared.data[span]
            order = np.lexsort((other, -count))
            result.append([each for each in other[order].tolist() if each != own])
        return result

    def around(self, block: int, companions: int, turn: int = 0) -> Ints:
        """The cells of a block, of some that share a total with it (others at every turn), and of all their totals."""
        beside = self.beside[block]
        if len(beside) > companions:
            first = turn * companions % len(beside)
            beside = (beside + beside)[first : first + companions]
        taken = {block, *beside}
        for each in (block, *beside):
            taken.update(self.above[each])
        return np.sort(np.concatenate([self.blocks[each].cells for each in taken]))

    def _incidence(self, entries: Flags) -> sp.csr_array:
        """[rows, blocks] whether one of these entries lies in the block, 1 or nothing."""
        row, own = self.given.row_of[entries], self.block_of[self.given.rows.indices[entries]]
        found = sp.csr_array(
            (np.ones(len(row), dtype=np.int64), (row, own)),
            shape=(self.given.rows.shape[0], len(self.blocks)),
        )
        found.sum_duplicates()
        found.data[:] = 1
        return found
