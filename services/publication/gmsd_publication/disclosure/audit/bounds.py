"""Bounds that several equations prove together: linear programs, their multipliers read as a proof in whole numbers."""

from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gmsd_publication.disclosure.audit.blocks import Block
from gmsd_publication.disclosure.audit.system import System
from gmsd_publication.disclosure.errors import Contradictory, WorkLimit
from gmsd_publication.disclosure.model import UNBOUNDED, Flags, Ints

Floats = NDArray[np.float64]

DENOMINATORS = (1, 2, 3, 4, 6, 12)
"""Multipliers of a basis of these sparse rows are small fractions; any others are rounded to the last, which proves a little less."""
NEAR = 1e-7
NAMED = 12
"""Rows that a message names: enough to find the fault, few enough to read."""


@dataclass(frozen=True)
class Sum:
    """A proof: denominator·x[cell] = Σ coefficients·x, because multipliers·rows = 0; the intervals then give the bound."""

    cell: int
    upper: bool
    value: int
    rows: Ints
    multipliers: Ints
    denominator: int


def combined(
    given: System, cell: int, proof_rows: Ints, multipliers: Ints, denominator: int
) -> tuple[Ints, Ints]:
    """(cells, coefficients) with denominator·x[cell] = Σ coefficients·x whenever the rows hold."""
    taken = given.rows[proof_rows]
    total = np.zeros(given.size, dtype=np.int64)
    np.add.at(total, taken.indices, taken.data * np.repeat(multipliers, np.diff(taken.indptr)))
    total = -total
    total[cell] += denominator
    cells = np.flatnonzero(total)
    return cells, total[cells]


def value_of(given: System, cells: Ints, coefficients: Ints, denominator: int, upper: bool) -> int | None:
    """The bound that a combination gives with these intervals, rounded inward; None where an end is unknown."""
    end = np.where((coefficients > 0) == upper, given.high[cells], given.low[cells])
    if (end == UNBOUNDED).any():
        return None
    total = int(coefficients @ end)
    return total // denominator if upper else -(-total // denominator)


class BlockProgram:
    """One linear program over a block, solved again and again with another cell to push: the basis stays.

    `least`, `most` [cells of the block]: the values that solutions seen so far take. A cell that some solution shows at its
    end needs no program of its own, for nothing narrower can be proved there.
    """

    def __init__(self, given: System, block: Block, iterations: int) -> None:
        self.given, self.block = given, block
        self.least = np.full(len(block.cells), np.inf)
        self.most = np.full(len(block.cells), -np.inf)
        self._highs = _opened(given, block, iterations)
        self._pushed: int | None = None

    def push(self, place: int, upper: bool) -> Sum | None:
        """A proof of a narrower interval for the cell at `place`; None when the block proves none.

        Raises Contradictory, WorkLimit (by its own limit of iterations).
        """
        highs = self._highs
        if self._pushed is not None:
            highs.changeColCost(self._pushed, 0.0)
        highs.changeColCost(place, -1.0 if upper else 1.0)
        self._pushed = place
        highs.run()
        status = highs.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            feasible(self.given, self.block)
        if status in (highspy.HighsModelStatus.kUnbounded, highspy.HighsModelStatus.kUnboundedOrInfeasible):
            return None
        if status != highspy.HighsModelStatus.kOptimal:
            raise WorkLimit("a linear program used up its iterations")
        solution = highs.getSolution()
        found = np.asarray(solution.col_value)
        np.minimum(self.least, found, out=self.least)
        np.maximum(self.most, found, out=self.most)
        cell = int(self.block.cells[place])
        reached = float(found[place])
        if upper:
            narrower = np.floor(reached + NEAR) < self.given.high[cell]
        else:
            narrower = np.ceil(reached - NEAR) > self.given.low[cell]
        return self._proof(cell, upper, np.asarray(solution.row_dual)) if narrower else None

    def shown(self, place: int, upper: bool) -> bool:
        """Whether a solution seen so far takes the cell's end, so that no bound can be narrower."""
        cell = int(self.block.cells[place])
        if upper:
            return bool(self.most[place] > self.given.high[cell] - 1 + NEAR)
        return bool(self.least[place] < self.given.low[cell] + 1 - NEAR)

    def _proof(self, cell: int, upper: bool, dual: Floats) -> Sum | None:
        multipliers, denominator = _whole(-dual if upper else dual)
        used = np.flatnonzero(multipliers)
        rows, multipliers = self.block.rows[used], multipliers[used]
        value = value_of(
            self.given, *combined(self.given, cell, rows, multipliers, denominator), denominator, upper
        )
        if value is None:
            return None
        better = value < self.given.high[cell] if upper else value > self.given.low[cell]
        return Sum(cell, upper, value, rows, multipliers, denominator) if better else None


def feasible(given: System, block: Block, iterations: int = 2**31 - 1) -> Floats:
    """Any fractions that fit a block; the last ones tried when iterations are used up, which is for who can do without.

    Raises Contradictory, which names the rows that exclude one another.
    """
    highs = _opened(given, block, iterations)
    # Dual simplex: that nothing fits is an end of its own search, where primal simplex can go round in circles.
    highs.setOptionValue("simplex_strategy", 1)
    highs.run()
    if highs.getModelStatus() != highspy.HighsModelStatus.kInfeasible:
        return np.asarray(highs.getSolution().col_value)
    _, known, ray = highs.getDualRay()
    values = np.asarray(ray, dtype=float) if known else np.ones(len(block.rows))
    named = [given.row_names[row] for row in block.rows[np.abs(values) > NEAR].tolist()]
    more = f" en nog {len(named) - NAMED} andere" if len(named) > NAMED else ""
    raise Contradictory(f"deze optellingen kunnen niet samen waar zijn: {'; '.join(named[:NAMED])}{more}")


def _opened(given: System, block: Block, iterations: int) -> Any:
    taken = given.rows[block.rows]
    rows = taken[:, block.cells]
    known = np.where(given.low == given.high, given.low, 0)
    known[block.cells] = 0
    rest = -(taken @ known).astype(float)
    # Primal simplex: after another cell is pushed the last basis is still feasible, and a few pivots from the next answer.
    highs = solver(simplex_iteration_limit=iterations, presolve="off", simplex_strategy=4)
    highs.passModel(linear(rows, given.low[block.cells], given.high[block.cells], rest))
    return highs


def solver(**options: bool | int | float | str) -> Any:
    """A silent HiGHS on one thread."""
    highs: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    for option, value in {"output_flag": False, "threads": 1, "random_seed": 0, **options}.items():
        highs.setOptionValue(option, value)
    return highs


def linear(rows: sp.csr_array, low: Ints, high: Ints, sums: Floats) -> highspy.HighsLp:
    """Fractions from low to high with rows·x = sums, nothing asked of them."""
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = rows.shape
    lp.col_cost_ = np.zeros(rows.shape[1])
    lp.col_lower_, lp.col_upper_ = low.astype(float), ends(high)
    lp.row_lower_ = lp.row_upper_ = sums
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = rows.indptr, rows.indices
    lp.a_matrix_.value_ = rows.data.astype(float)
    return lp


def ends(high: Ints) -> Floats:
    """Upper bounds as a solver wants them."""
    free: Flags = high == UNBOUNDED
    return np.where(free, np.inf, high.astype(float))


def _whole(dual: Floats) -> tuple[Ints, int]:
    for denominator in DENOMINATORS:
        scaled = dual * denominator
        rounded = np.round(scaled)
        if (np.abs(scaled - rounded) < 1e-6).all():
            break
    return rounded.astype(np.int64), denominator
