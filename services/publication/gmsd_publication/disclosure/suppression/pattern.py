"""A pattern of hidden columns, and for each side of each count the move that makes it possible."""

from dataclasses import dataclass, field

import numpy as np

from gmsd_publication.disclosure.model import Flags, Ints
from gmsd_publication.disclosure.suppression.moves import Move, Side


@dataclass
class Pattern:
    """`always` [k] hidden whatever happens, `cost` [k] of hiding a column, `truth` and `low` [k] to know how far a column that dives
    must be able to go. `moves` by side; `uses`, `dives` [k] how many moves touch a column, and take it under its base."""

    always: Flags
    cost: Ints
    truth: Ints
    low: Ints
    moves: dict[Side, Move] = field(default_factory=dict)
    uses: Ints = field(init=False)
    dives: Ints = field(init=False)

    def __post_init__(self) -> None:
        self.uses = np.zeros(len(self.always), dtype=np.int64)
        self.dives = np.zeros(len(self.always), dtype=np.int64)

    @property
    def hidden(self) -> Flags:
        return self.always | (self.uses > 0)

    @property
    def value(self) -> int:
        return int(self.cost[self.hidden].sum())

    def copy(self) -> "Pattern":
        twin = Pattern(self.always, self.cost, self.truth, self.low, dict(self.moves))
        twin.uses, twin.dives = self.uses.copy(), self.dives.copy()
        return twin

    def add(self, side: Side, move: Move) -> list[Side]:
        """Record a move; the sides that its dives newly ask for."""
        fresh = move.dives[self.dives[move.dives] == 0]
        self.moves[side] = move
        self.uses[move.touched] += 1
        self.dives[move.dives] += 1
        return [self.fall(int(column)) for column in fresh]

    def remove(self, side: Side) -> None:
        """Forget a move, and the moves that were there only because of its dives."""
        move = self.moves.pop(side)
        self.uses[move.touched] -= 1
        self.dives[move.dives] -= 1
        for column in move.dives[self.dives[move.dives] == 0]:
            orphan = self.fall(int(column))
            if orphan in self.moves:
                self.remove(orphan)

    def fall(self, column: int) -> Side:
        """What a column that dives must be able to do."""
        return Side(column, int(self.low[column] - self.truth[column]))

    def touching(self, columns: Ints) -> list[Side]:
        """Sides whose move touches one of the columns, in the order in which they were recorded."""
        wanted = np.zeros(len(self.always), dtype=bool)
        wanted[columns] = True
        return [side for side, move in self.moves.items() if wanted[move.touched].any()]
