"""What a reader holds: unknown counts, an interval for each, and the equations between them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from gmsd_publication.disclosure.errors import Contradictory, InputInvalid
from gmsd_publication.disclosure.model import UNBOUNDED, Ints, Model
from gmsd_publication.disclosure.names import joined

LARGEST = 2**40
"""Of a printed count: sums of a hundred thousand of them still fit 64 bits, and floats hold them exactly."""


@dataclass(frozen=True, eq=False)
class System:
    """Whole numbers x with rows·x = 0, low ≤ x ≤ high, and x[a] > 0 exactly when x[b] > 0 for (a, b) in `together`.

    Cells [0, n) are those of a model; then one per implied row, which is a count as well: a complement that nobody
    printed is audited like any cell. High is UNBOUNDED where nobody knows.
    """

    names: Sequence[str]
    low: Ints
    high: Ints
    rows: sp.csr_array
    row_names: Sequence[str]
    together: Ints

    @property
    def size(self) -> int:
        """Number of cells."""
        return len(self.low)

    @cached_property
    def columns(self) -> sp.csc_array:
        """The rows by cell."""
        return self.rows.tocsc()

    @cached_property
    def row_of(self) -> Ints:
        """The row of each entry."""
        return np.repeat(np.arange(self.rows.shape[0]), np.diff(self.rows.indptr))

    def within(self, low: Ints, high: Ints) -> "System":
        """The same with narrower intervals."""
        narrow = replace(self, low=low, high=high)
        narrow.__dict__.update({k: self.__dict__[k] for k in ("columns", "row_of") if k in self.__dict__})
        return narrow

    def broken(self, table: Ints) -> str | None:
        """Why a table is not one of those the reader must reckon with; None when it is."""
        if (table < self.low).any() or (table > self.high).any():
            return self.names[int(np.flatnonzero((table < self.low) | (table > self.high))[0])]
        wrong = np.flatnonzero(self.rows @ table)
        if wrong.size:
            return self.row_names[int(wrong[0])]
        alone = np.flatnonzero((table[self.together[:, 0]] > 0) != (table[self.together[:, 1]] > 0))
        return self.names[int(self.together[alone[0], 0])] if alone.size else None


def system(model: Model, low: Ints, high: Ints) -> System:
    """A model read with what print says of each cell [n] and what the public knew. Raises Contradictory, InputInvalid."""
    low, high = np.maximum(low, model.lower), np.minimum(high, model.upper)
    large = np.flatnonzero((low > LARGEST) | ((high > LARGEST) & (high != UNBOUNDED)))
    if large.size:
        raise InputInvalid(f"{model.names[int(large[0])]}: aantallen boven {LARGEST} kan de audit niet aan")
    empty = np.flatnonzero(low > high)
    if empty.size:
        raise Contradictory(f"geen aantal past bij {model.names[int(empty[0])]}")
    implied = model.implied.shape[0]
    rows = sp.block_array(
        [
            [model.equations, sp.csr_array((model.equations.shape[0], implied), dtype=np.int64)],
            [model.implied, -sp.eye_array(implied, dtype=np.int64)],
        ],
        format="csr",
    ).astype(np.int64)
    return System(
        names=joined(model.names, model.implied_names),
        low=np.concatenate([low, np.zeros(implied, dtype=np.int64)]),
        high=np.concatenate([high, np.full(implied, UNBOUNDED)]),
        rows=rows,
        row_names=joined(model.equation_names, model.implied_names),
        together=model.presence,
    )
