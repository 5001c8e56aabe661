"""The cheapest change of a table that takes one count where it must be able to be."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from gmsd_publication.disclosure.model import UNBOUNDED, Flags, Ints
from gmsd_publication.disclosure.suppression.engine import Floats, answer, engine
from gmsd_publication.disclosure.suppression.system import System

HIDDEN_PRICE = 0.001
"""Of a unit through a column that is hidden already: not nothing, or a change would wander through the whole table."""
DIVE_PRICE = 0.05
"""Per unit, times the count, for taking a count under its base: that count must then be able to be 1 too, which costs more the
larger it is. First passes over z3: 2,201 with this, 2,266 with 1, 6,274 with 0, and 4,068 where no count may go under its base."""
REACH = 12
"""No column changes by more, unless nothing else is possible. Long reaches through few columns hide large counts."""
NOTHING = 1e-7


@dataclass(frozen=True)
class Side:
    """`column` must be able to change by `amount`: more when positive, less when negative."""

    column: int
    amount: int


@dataclass(frozen=True)
class Move:
    """Columns that change, and those of them that fall under their base."""

    touched: Ints
    dives: Ints


class Moves:
    """One linear program, asked again and again. Each asking starts from the empty change, whose basis is dual feasible
    with prices ≥ 0: a dual simplex of some hundred steps, five times as fast as starting from the last answer (z3)."""

    def __init__(self, system: System, truth: Ints, floor: Ints, kept: Flags) -> None:
        """`truth` [k]; `floor` [k] the count under which a column dives, 0 where it may go down freely; `kept` [k] columns that stay."""
        self.size = system.size
        self.truth, self.floor = truth, floor
        room = np.where(system.upper == UNBOUNDED, np.int64(2**50), system.upper - truth)
        room = np.where(kept, 0, room)
        down = np.where(kept, 0, truth - system.lower)
        shallow = np.clip(truth - floor, 0, down)
        self.limits = np.concatenate([room, shallow, down - shallow]).astype(float)
        self.deep_price = DIVE_PRICE * np.maximum(truth - 1, 0)
        rows = sp.csr_array(system.rows, dtype=float)
        matrix = sp.csr_array(sp.hstack([rows, -rows, -rows], format="csr"))
        nothing, empty = np.zeros(matrix.shape[0]), np.zeros(matrix.shape[1])
        self.highs = engine(matrix, (empty, empty), (nothing, nothing))
        # The rows are of ones already.
        for option, value in (("presolve", "off"), ("simplex_scale_strategy", 0)):
            self.highs.setOptionValue(option, value)
        self.columns = np.arange(3 * self.size, dtype=np.int32)
        self.asked = 0

    def stay_up(self, column: int) -> None:
        """From now on the column does not go under its base."""
        self.limits[column + 2 * self.size] = 0.0

    def cheapest(self, side: Side, price: Floats, dived: Flags) -> Move | None:
        """`price` [k] of a unit per column, `dived` [k] those that may go under their base for nothing; None: impossible."""
        deep = np.where(dived, price, price + self.deep_price)
        self.highs.changeColsCost(3 * self.size, self.columns, np.concatenate([price, price, deep]))
        reach = float(max(REACH, 2 * abs(side.amount)))
        found = self._run(side, np.minimum(self.limits, reach))
        return self._run(side, self.limits) if found is None else found

    def _run(self, side: Side, upper: Floats) -> Move | None:
        at, amount, size = side.column, float(abs(side.amount)), self.size
        lower = np.zeros(3 * size)
        upper = upper.copy()
        if side.amount > 0:
            if amount > upper[at]:
                return None
            lower[at] = upper[at] = amount
            upper[at + size] = upper[at + 2 * size] = 0.0
        else:
            shallow = min(amount, self.limits[at + size])
            if amount - shallow > self.limits[at + 2 * size]:
                return None
            upper[at] = 0.0
            lower[at + size] = upper[at + size] = shallow
            lower[at + 2 * size] = upper[at + 2 * size] = amount - shallow
        self.asked += 1
        self.highs.changeColsBounds(3 * size, self.columns, lower, upper)
        self.highs.clearSolver()
        found = answer(self.highs)
        if found is None:
            return None
        up, shallow_part, deep_part = found.reshape(3, size)
        deep_part[at] = 0.0
        touched = np.flatnonzero(up + shallow_part + deep_part > NOTHING)
        return Move(touched, np.flatnonzero(deep_part > NOTHING))
