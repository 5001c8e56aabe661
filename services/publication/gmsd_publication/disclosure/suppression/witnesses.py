"""Tables of counts that fit the print and take hidden counts to where they must be able to be."""

import numpy as np
import scipy.sparse as sp

from gmsd_publication.disclosure.model import Flags, Ints
from gmsd_publication.disclosure.suppression.engine import Floats, answer, engine
from gmsd_publication.disclosure.suppression.protection import LITTLE
from gmsd_publication.disclosure.suppression.reader import Reader

LEAD = 1e4
"""Weight of the one count a push is for. The others weigh at most 1: they come along where that costs it nothing."""
CROWD = 3
"""Power of the others' random weights. Even weights move everything half-way; with a few heavy ones most of those arrive."""
WHOLE = 1e-6


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
        right = reader.right.astype(float)
        self.highs = engine(self.matrix, self._bounds(), (right, right))

    def set_floor(self, firm: Flags) -> None:
        """From now on these hidden columns stay at or above their base."""
        self.floor = np.where(firm, self.base, 0)
        self.highs.changeColsBounds(len(self.index), self.index, *self._bounds())

    def possible(self) -> bool:
        """Whether any table, in fractions, fits the print and the floors."""
        if not len(self.floor):
            return not self.reader.right.any()
        if (self.floor > self.reader.upper).any():
            return False
        self.highs.changeColsCost(len(self.index), self.index, np.zeros(len(self.index)))
        self.highs.clearSolver()
        return answer(self.highs) is not None

    def push(self, leader: int, upward: bool, down: Flags, up: Flags) -> Ints | None:
        """A table [h] in which hidden column `leader` is low, or high, and as many as come along of `down` and `up` [h] too.

        None: no whole table has it, or none was found.
        """
        cost = self._cost(leader, upward, down, up)
        self.highs.changeColsCost(len(self.index), self.index, cost)
        self.highs.clearSolver()
        stretches = answer(self.highs)
        if stretches is None:
            return None
        found = self._counts(stretches)
        if not self._arrived(found, leader, upward):
            return None
        whole = np.round(found).astype(np.int64)
        if np.abs(found - whole).max(initial=0) <= WHOLE and self.reader.fits(whole):
            return whole
        return self._in_whole_counts(leader, upward)

    def _in_whole_counts(self, leader: int, upward: bool) -> Ints | None:
        """The same for the leader alone, as an integer program with the pairs that are present together: for the pushes that end in
        fractions (a few in a hundred on z3)."""
        nobody = np.zeros(len(self.base), dtype=bool)
        presence, least = self.reader.presence_rows()
        right = self.reader.right.astype(float)
        highs = engine(
            sp.csr_array(sp.vstack([self.matrix, sp.hstack([presence] * 3)], format="csr")),
            self._bounds(),
            (np.concatenate([right, least]), np.concatenate([right, np.full(len(least), np.inf)])),
            whole=True,
        )
        highs.changeColsCost(len(self.index), self.index, self._cost(leader, upward, nobody, nobody))
        stretches = answer(highs)
        if stretches is None:
            return None
        found = np.round(self._counts(stretches)).astype(np.int64)
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
