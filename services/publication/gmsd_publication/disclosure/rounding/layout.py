"""From cells and what they may become to an integer program."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from gmsd_publication.disclosure.errors import Infeasible
from gmsd_publication.disclosure.model import Flags, Ints, Model
from gmsd_publication.disclosure.rounding.choices import FAR, Choices
from gmsd_publication.disclosure.rounding.program import Floats, Program


class Rows:
    """The rows of a model, all of them low ≤ row·x ≤ high in bases, ready to be cut down to the rows of some cells."""

    def __init__(self, matrix: sp.csr_array, low: Ints, high: Ints) -> None:
        self.matrix, self.low, self.high = matrix, low, high
        self._columns = sp.csc_array(matrix)

    def touching(self, cells: Ints) -> tuple[Ints, sp.csr_array]:
        """Numbers of the rows that hold any of the cells, and those rows over those cells only."""
        part = sp.csr_array(self._columns[:, cells])
        touched = np.flatnonzero(np.diff(part.indptr))
        return touched, part[touched]


def rows_of(model: Model, choices: Choices) -> Rows:
    """Equations, implied counts and presence as rows."""
    presence = _presence(model, choices)
    matrix = sp.vstack([model.equations, model.implied, presence], format="csr")
    high = np.full(matrix.shape[0], FAR)
    high[: model.equations.shape[0]] = 0
    return Rows(sp.csr_array(matrix), np.zeros(matrix.shape[0], dtype=np.int64), high)


def _presence(model: Model, choices: Choices) -> sp.csr_array:
    """reach·part − whole ≥ 0 and reach·whole − part ≥ 0, where one can be 0: a whole beside a part of 0 would prove 1 to 4."""
    part, whole = model.presence[:, 0], model.presence[:, 1]
    one, other = np.concatenate([part, whole]), np.concatenate([whole, part])
    can_vanish = choices.floor[one] + choices.least[one] <= 0
    one, other = one[can_vanish], other[can_vanish]
    most = choices.floor + choices.most
    # An unpublished pattern has no bound of its own; it is part of published figures, so all of those together are one.
    reach = np.where(choices.most < FAR, most, most[choices.most < FAR].sum())[other]
    row = np.arange(len(one))
    return sp.csr_array(
        (
            np.concatenate([np.maximum(reach, 1), np.full(len(one), -1)]),
            (np.concatenate([row, row]), np.concatenate([one, other])),
        ),
        shape=(len(one), model.size),
    )


@dataclass(frozen=True)
class Layout:
    """A program over some cells. Its first columns are those cells, in bases from their floor; then the steps taken."""

    program: Program
    rows: Ints
    low: Ints
    high: Ints
    above: Ints
    below: Ints

    @property
    def steps(self) -> Flags:
        """[columns] which of them are steps."""
        return np.arange(len(self.program.cost)) >= len(self.low)

    def start(self, z: Ints) -> Floats:
        """z as an x of the program."""
        over, under = np.maximum(z - self.high, 0)[self.above], np.maximum(self.low - z, 0)[self.below]
        return np.concatenate([z, over, under]).astype(np.float64)

    def read(self, x: Floats) -> Ints:
        """An x of the program as z."""
        z: Ints = np.round(x[: len(self.low)]).astype(np.int64)
        return z


def lay_out(
    rows: Rows, choices: Choices, cells: Ints, z: Ints, bounds: tuple[Ints, Ints] | None = None
) -> Layout:
    """The program of `cells`, all others staying at z [n]. `bounds`: others than the choices' own, [cells], [cells].

    Raises Infeasible: a cell has nothing to choose.
    """
    least, most = bounds or (choices.least[cells], choices.most[cells])
    if (least > most).any():
        raise Infeasible("the public bounds and the steps of a cell exclude one another")
    touched, part = rows.touching(cells)
    frozen = choices.floor + z
    frozen[cells] = choices.floor[cells]
    rest = rows.matrix[touched] @ frozen
    low, high = choices.low[cells], choices.high[cells]
    above, below = np.flatnonzero(most > high), np.flatnonzero(least < low)
    price = choices.price[cells]
    extra = len(above) + len(below)
    matrix = _with_steps(part, above, below)
    program = Program(
        cost=np.concatenate([price, choices.step - price[above], choices.step + price[below]]),
        lower=np.concatenate([least, np.zeros(extra)]).astype(np.float64),
        upper=np.concatenate([_far(most), np.full(extra, np.inf)]),
        integer=np.arange(len(cells) + extra) < len(cells),
        matrix=matrix,
        low=np.concatenate([rows.low[touched] - rest, np.full(len(above), -np.inf), low[below]]),
        high=np.concatenate([_far(rows.high[touched]) - rest, high[above], np.full(len(below), np.inf)]),
        whole=bool((price == np.round(price)).all()) and float(choices.step).is_integer(),
    )
    return Layout(program, touched, low, high, above, below)


def _with_steps(part: sp.csr_array, above: Ints, below: Ints) -> sp.csr_array:
    """Rows z − over ≤ high and z + under ≥ low beneath the model's own."""
    cells, extra = part.shape[1], len(above) + len(below)
    if not extra:
        return part
    row = np.arange(extra)
    steps = sp.csr_array(
        (
            np.concatenate([np.ones(extra), np.full(len(above), -1.0), np.ones(len(below))]),
            (np.concatenate([row, row]), np.concatenate([above, below, cells + row])),
        ),
        shape=(extra, cells + extra),
    )
    wide = sp.csr_array((part.data, part.indices, part.indptr), shape=(part.shape[0], cells + extra))
    return sp.csr_array(sp.vstack([wide, steps], format="csr"))


def _far(bound: Ints) -> Floats:
    return np.where(bound >= FAR, np.inf, bound).astype(np.float64)
