"""Whole tables that fit what is printed and take a cell to an end: what shows that nobody can know more."""

from dataclasses import dataclass, field

import numpy as np

from gmsd_publication.disclosure.audit.moves import KNOWN, Neighbours, local
from gmsd_publication.disclosure.audit.system import System
from gmsd_publication.disclosure.audit.verdicts import Wish
from gmsd_publication.disclosure.audit.whole import solve
from gmsd_publication.disclosure.errors import Infeasible, WorkLimit
from gmsd_publication.disclosure.model import Ints

URGENT = 64.0
"""What the cell asked for weighs against one of the others that are pushed along with it."""
EVERYTHING = 2_000
"""Cells that one program still decides in under a second."""


@dataclass(frozen=True)
class Around:
    """What may change when a cell is pushed: its block, so many `companions`, and their totals.

    `alone`: nothing else is pushed along, so that the program finds the cell's own end. `everything`: in a system of at
    most EVERYTHING unknown cells all of them may change.
    """

    companions: int
    alone: bool = False
    everything: bool = False

    def free(self, near: Neighbours, cell: int, turn: int) -> Ints:
        """The cells, sorted."""
        unknown = np.flatnonzero(near.block_of != KNOWN)
        if self.everything and len(unknown) <= EVERYTHING:
            return unknown
        return near.around(int(near.block_of[cell]), self.companions, turn)


@dataclass
class Witnesses:
    """Tables found so far: a first one, and the changes that lead to each next. `least`, `most` [cells] over all of them.

    `least_at`, `most_at` [cells]: the table (0 the first) that shows it.
    """

    given: System
    first: Ints
    changes: list[tuple[Ints, Ints]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.current = self.first.copy()
        self.least, self.most = self.first.copy(), self.first.copy()
        self.least_at = np.zeros(len(self.first), dtype=np.int64)
        self.most_at = np.zeros(len(self.first), dtype=np.int64)

    def add(self, cells: Ints, values: Ints) -> bool:
        """Keep the table that differs from the last one in these cells, if it fits; whether it does.

        Exact whole numbers are checked, never a solver's word.
        """
        moved = values != self.current[cells]
        cells, values = cells[moved], values[moved]
        if not self._fits(cells, values):
            return False
        self.current[cells] = values
        self.changes.append((cells, values))
        number = len(self.changes)
        lower, higher = values < self.least[cells], values > self.most[cells]
        self.least[cells[lower]], self.least_at[cells[lower]] = values[lower], number
        self.most[cells[higher]], self.most_at[cells[higher]] = values[higher], number
        return True

    def table(self, number: int) -> Ints:
        """The whole table with this number."""
        table = self.first.copy()
        for cells, values in self.changes[:number]:
            table[cells] = values
        return table

    def _fits(self, cells: Ints, values: Ints) -> bool:
        if (values < self.given.low[cells]).any() or (values > self.given.high[cells]).any():
            return False
        rows = np.unique(self.given.columns[:, cells].indices)
        after = self.current.copy()
        after[cells] = values
        pairs = after[self.given.together] > 0
        return not (self.given.rows[rows] @ after).any() and bool((pairs[:, 0] == pairs[:, 1]).all())


def search(
    found: Witnesses, near: Neighbours, wish: Wish, cells: Ints, around: Around, nodes: int, programs: int
) -> int:
    """Take these cells in turn to what is wished; the number of programs used.

    A cell that is not taken there stays as it is: that proves nothing.
    """
    used = 0
    for cell in cells.tolist():
        one = np.array([cell])
        for upper in (False, True):
            if not wish.of(one).open(found.least[one], found.most[one])[upper][0]:
                continue
            if used >= programs:
                return used
            used += 1
            free = around.free(near, cell, used)
            cost = np.zeros(len(free))
            if not around.alone:
                lower_open, higher_open = wish.of(free).open(found.least[free], found.most[free])
                cost = lower_open.astype(float) - higher_open.astype(float)
            cost[int(np.searchsorted(free, cell))] = -URGENT if upper else URGENT
            try:
                found.add(free, solve(local(found.given, found.current, free, cost), nodes))
            except (Infeasible, WorkLimit):
                continue
    return used
