"""Cheap patterns: a cheapest move per side, then ruin and recreate."""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gmsd_publication.disclosure.model import Ints
from gmsd_publication.disclosure.suppression.moves import HIDDEN_PRICE, Moves, Side
from gmsd_publication.disclosure.suppression.pattern import Pattern
from gmsd_publication.disclosure.suppression.system import System

NEIGHBOURS = 5
"""Secondary columns given up together at most. On z3, after some 4,050 programs: 2,052; with two 2,131, with ten 2,093 (one run each)."""
PATIENCE = 200
"""Rounds without a lower value after which the search stops: a small table is done long before its effort is."""


@dataclass(frozen=True)
class Effort:
    """How much the search may do, in counts: a replay ends alike on any machine.

    `moves`: linear programs solved, a first pass included, which is always finished. `seed` decides what is tried.
    """

    moves: int = 8_000
    seed: int = 0


class Unprotectable(Exception):
    """No table has this side, whatever is hidden."""

    def __init__(self, side: Side) -> None:
        super().__init__(side)
        self.side = side


class Search:
    """Grows one pattern. The pattern is valid after `start`; `improve` only lowers its value."""

    def __init__(self, system: System, moves: Moves, pattern: Pattern, effort: Effort) -> None:
        self.moves, self.pattern, self.effort = moves, pattern, effort
        self.random = np.random.default_rng(effort.seed)
        self.required: frozenset[Side] = frozenset()
        rows = system.rows
        self.row_columns, self.column_rows = rows, rows.tocsc()

    def start(self, sides: list[Side]) -> None:
        """A move for each side. Raises Unprotectable."""
        self.required = frozenset(sides)
        self._extend(self.pattern, sides, None)

    def improve(self) -> None:
        """Ruin and recreate until the effort is used up, or PATIENCE rounds brought nothing."""
        fruitless = 0
        while self.moves.asked < self.effort.moves and fruitless < PATIENCE:
            secondary = np.flatnonzero(
                (self.pattern.uses > 0) & ~self.pattern.always & (self.pattern.cost > 0)
            )
            if not secondary.size:
                return
            trial = self.pattern.copy()
            lost = trial.touching(self._ruin(secondary))
            for side in lost:
                if side in trial.moves:
                    trial.remove(side)
            again = [lost[i] for i in self.random.permutation(len(lost))]
            kept = self._extend(trial, again, self.pattern.value)
            fruitless = 0 if kept and trial.value < self.pattern.value else fruitless + 1
            if kept:
                self.pattern = trial

    def _ruin(self, secondary: Ints) -> Ints:
        """One secondary column, and a few that share a row with it."""
        first = int(self.random.choice(secondary))
        near: NDArray[np.int64] = np.unique(self.row_columns[self._rows_of(first)].indices)
        near = near[np.isin(near, secondary) & (near != first)]
        self.random.shuffle(near)
        return np.concatenate([[first], near[: self.random.integers(NEIGHBOURS)]])

    def _rows_of(self, column: int) -> Ints:
        matrix = self.column_rows
        found: Ints = matrix.indices[matrix.indptr[column] : matrix.indptr[column + 1]]
        return found

    def _asked(self, pattern: Pattern, side: Side) -> bool:
        """A side that was asked for only by a dive is asked no more when there is none."""
        return side in self.required or bool(pattern.dives[side.column] > 0)

    def _extend(self, pattern: Pattern, sides: list[Side], limit: int | None) -> bool:
        """Moves for sides and for what those bring about; False when the value exceeds the limit. Raises Unprotectable."""
        queue = deque(sides)
        while queue:
            side = queue.popleft()
            if side in pattern.moves or not self._asked(pattern, side):
                continue
            price = np.where(pattern.hidden, HIDDEN_PRICE, pattern.cost + HIDDEN_PRICE)
            move = self.moves.cheapest(side, price, pattern.dives > 0)
            if move is None and side in self.required:
                raise Unprotectable(side)
            if move is None:
                queue.extend(self._without_diving(pattern, side.column))
                continue
            queue.extend(pattern.add(side, move))
            if limit is not None and pattern.value > limit:
                return False
        return True

    def _without_diving(self, pattern: Pattern, column: int) -> list[Side]:
        """A column that dived and cannot be as low as that asks, whatever is hidden: it stays up from now on; the sides to ask again."""
        self.moves.stay_up(column)
        lost = [side for side, move in pattern.moves.items() if column in move.dives]
        for side in lost:
            if side in pattern.moves:
                pattern.remove(side)
        return lost
