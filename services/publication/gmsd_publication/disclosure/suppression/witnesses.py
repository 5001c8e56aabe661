"""Tables of counts that fit the print and take hidden counts to where they must be able to be."""

import highspy
import numpy as np
import scipy.sparse as sp

from gmsd_publication.disclosure.errors import Contradictory, Infeasible, WorkLimit
from gmsd_publication.disclosure.model import Flags, Ints
from gmsd_publication.disclosure.rounding.program import Program, Work, solve
from gmsd_publication.disclosure.suppression.protection import LITTLE
from gmsd_publication.disclosure.suppression.reader import Floats, Reader

LEAD = 1e4
"""Weight of the one count a push is for. The others weigh at most 1: they come along where that costs it nothing."""
CROWD = 3
"""Power of the others' random weights. Even weights move everything half-way; with a few heavy ones most of those arrive."""
WHOLE = 1e-6
NODES = 500
"""Of the integer program that is tried where the linear one ends in fractions (three pushes in a hundred on z3)."""


class Pushes:
    """A count in three stretches: up to LITTLE, up to its base, beyond. Pushing down prices the last two, pushing up rewards the first two,
    so both are linear, and a vertex of the linear program is nearly always a table of whole counts."""

    def __init__(self, reader: Reader, seed: int = 0) -> None:
        self.reader = reader
        self.base = reader.system.base[reader.columns]
        self.floor = np.zeros(len(reader.columns), dtype=np.int64)
        self.random = np.random.default_rng(seed)
        self.matrix = sp.csr_array(sp.hstack([reader.rows] * 3, format="csr"), dtype=float)
        self.index = np.arange(self.matrix.shape[1], dtype=np.int32)
        self.highs = self._engine()

    def raise_floor(self, columns: Ints) -> None:
        """From now on these hidden columns stay at or above their base."""
        self.floor[columns] = self.base[columns]
        self.highs.changeColsBounds(len(self.index), self.index, *self._bounds())

    def push(self, leader: int, upward: bool, down: Flags, up: Flags) -> Ints | None:
        """A table [h] in which hidden column `leader` is low, or high, and as many as come along of `down` and `up` [h] too.

        None: no whole table has it, or none was found. Raises Contradictory when no table fits the print and the floors.
        """
        cost = self._cost(leader, upward, down, up)
        self.highs.changeColsCost(len(self.index), self.index, cost)
        self.highs.clearSolver()
        self.highs.run()
        if self.highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            raise Contradictory("no table of counts fits the printed figures and what follows from them")
        found = self._counts(np.asarray(self.highs.getSolution().col_value))
        if not self._arrived(found, leader, upward):
            return None
        whole = np.round(found).astype(np.int64)
        if np.abs(found - whole).max(initial=0) <= WHOLE and self.reader.fits(whole):
            return whole
        return self._in_whole_counts(leader, upward)

    def _in_whole_counts(self, leader: int, upward: bool) -> Ints | None:
        """The same for the leader alone, as an integer program with the pairs that are present together."""
        nobody = np.zeros(len(self.base), dtype=bool)
        presence, least = self.reader.presence_rows()
        lower, upper = self._bounds()
        right = self.reader.right.astype(float)
        program = Program(
            cost=self._cost(leader, upward, nobody, nobody),
            lower=lower,
            upper=upper,
            integer=np.ones(len(self.index), dtype=bool),
            matrix=sp.csr_array(sp.vstack([self.matrix, sp.hstack([presence] * 3)], format="csr")),
            low=np.concatenate([right, least]),
            high=np.concatenate([right, np.full(len(least), np.inf)]),
        )
        try:
            found = np.round(self._counts(solve(program, Work(nodes=NODES)).x)).astype(np.int64)
        except (WorkLimit, Infeasible):
            return None
        return found if self._arrived(found, leader, upward) and self.reader.fits(found) else None

    def _arrived(self, counts: Floats | Ints, leader: int, upward: bool) -> bool:
        count = float(counts[leader])
        return count >= self.base[leader] - WHOLE if upward else count <= LITTLE + WHOLE

    def _cost(self, leader: int, upward: bool, down: Flags, up: Flags) -> Floats:
        size = len(self.base)
        weight = self.random.random(size) ** CROWD
        rising = up & (~down | (self.random.random(size) < 0.5))
        falling = down & ~rising
        rise, fall = np.where(rising, weight, 0.0), np.where(falling, weight, 0.0)
        rise[leader], fall[leader] = (LEAD, 0.0) if upward else (0.0, LEAD)
        return np.concatenate([-rise, fall - rise, fall])

    def _counts(self, stretches: Floats) -> Floats:
        counts: Floats = stretches.reshape(3, -1).sum(axis=0)
        return counts

    def _bounds(self) -> tuple[Floats, Floats]:
        least, most = np.maximum(self.reader.lower, self.floor), self.reader.upper
        return self._stretched(least), self._stretched(most)

    def _stretched(self, counts: Ints) -> Floats:
        middle = np.clip(counts - LITTLE, 0, self.base - LITTLE)
        return np.concatenate([np.minimum(counts, LITTLE), middle, np.maximum(counts - self.base, 0)]).astype(
            float
        )

    def _engine(self) -> highspy.Highs:
        highs = highspy.Highs()  # type: ignore[no-untyped-call]
        for option, value in (
            ("output_flag", False),
            ("solver", "simplex"),
            ("threads", 1),
            ("random_seed", 0),
        ):
            highs.setOptionValue(option, value)
        lp = highspy.HighsLp()
        lp.num_row_, lp.num_col_ = self.matrix.shape
        lp.col_cost_ = np.zeros(self.matrix.shape[1])
        lp.col_lower_, lp.col_upper_ = self._bounds()
        lp.row_lower_ = lp.row_upper_ = self.reader.right.astype(float)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_, lp.a_matrix_.index_ = self.matrix.indptr, self.matrix.indices
        lp.a_matrix_.value_ = self.matrix.data
        highs.passModel(lp)
        return highs
