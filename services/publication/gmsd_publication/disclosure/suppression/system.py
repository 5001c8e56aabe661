"""What a reader can compute with: the model's cells and implied counts, those that are always equal taken as one column."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from gmsd_publication.disclosure.errors import Contradictory
from gmsd_publication.disclosure.model import UNBOUNDED, Flags, Ints, Model


@dataclass(frozen=True)
class System:
    """k columns, every one a count, joined by `rows`·x = 0.

    An *entry* is a cell or, after the n cells, an implied count (a remainder nobody prints but anybody can compute).
    `column` [n + q]        the column of each entry. A total with one part is that part: hiding one alone hides nothing.
    `rows` [m, k]           equations, and implied counts as sums.
    `lower`, `upper` [k]    public bounds.
    `base` [k]              the least count that may be shown.
    `published` [n + q]     entries a reader is interested in: published cells and implied counts.
    `printable` [k]         columns that hold a published cell; the others are never printed and cost nothing to hide.
    """

    column: Ints
    rows: sp.csr_array
    lower: Ints
    upper: Ints
    base: Ints
    published: Flags
    printable: Flags

    @property
    def size(self) -> int:
        return len(self.base)

    def known(self) -> Flags:
        """[k] columns whose count everybody knows beforehand: definitional zeros."""
        known: Flags = self.lower == self.upper
        return known

    def interesting(self) -> Flags:
        """[k] columns of which a small count would be a disclosure."""
        found = np.zeros(self.size, dtype=bool)
        found[self.column[self.published]] = True
        return found & ~self.known()

    def gather(self, model: Model, values: Ints) -> Ints:
        """Counts [k] of a table [n] of cells that obeys the equations."""
        result = np.zeros(self.size, dtype=np.int64)
        result[self.column] = entries(model, values)
        return result


def entries(model: Model, values: Ints) -> Ints:
    """A table [n], or tables [t, n], of cells followed by the implied counts they yield."""
    implied = (model.implied @ values.T).T
    return np.concatenate([values, implied], axis=-1)


def system_of(model: Model) -> System:
    """The columns of a model. Raises Contradictory when equal cells have bounds that exclude each other."""
    cells, implied = model.size, model.implied.shape[0]
    joined = sp.vstack(
        [
            sp.hstack([model.equations, sp.csr_array((model.equations.shape[0], implied), dtype=np.int64)]),
            sp.hstack([model.implied, -sp.eye_array(implied, dtype=np.int64, format="csr")]),
        ],
        format="csr",
    )
    joined.sum_duplicates()
    joined.eliminate_zeros()
    column = _equal(joined)
    count = int(column.max(initial=-1)) + 1
    onto = sp.csr_array(
        (np.ones(len(column), dtype=np.int64), (np.arange(len(column)), column)), (len(column), count)
    )
    rows = sp.csr_array(joined @ onto)
    rows.eliminate_zeros()
    rows = rows[np.flatnonzero(np.diff(rows.indptr))]
    lower, upper = np.zeros(count, dtype=np.int64), np.full(count, UNBOUNDED)
    np.maximum.at(lower, column[:cells], model.lower)
    np.minimum.at(upper, column[:cells], model.upper)
    if (lower > upper).any():
        raise Contradictory("cells that are always equal have public bounds that exclude each other")
    base = np.zeros(count, dtype=np.int64)
    np.maximum.at(base, column, entry_base(model))
    printable = np.zeros(count, dtype=bool)
    printable[column[:cells][model.published]] = True
    published = np.concatenate([model.published, np.ones(implied, dtype=bool)])
    return System(column, rows, lower, upper, base, published, printable)


def entry_base(model: Model) -> Ints:
    """[n + q] the threshold of each cell, and of each implied count: that of its cells (Model.check: one per row)."""
    rows = model.implied
    of_row = np.full(rows.shape[0], 1, dtype=np.int64)
    np.maximum.at(of_row, np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr)), model.base[rows.indices])
    return np.concatenate([model.base, of_row])


def _equal(rows: sp.csr_array) -> Ints:
    """[n + q] a number per group of entries that rows of two, one minus the other, make equal."""
    pairs = np.flatnonzero(np.diff(rows.indptr) == 2)
    first, second = rows.indptr[pairs], rows.indptr[pairs] + 1
    same = (rows.data[first] + rows.data[second] == 0) & (np.abs(rows.data[first]) == 1)
    left, right = rows.indices[first[same]], rows.indices[second[same]]
    graph = sp.csr_array((np.ones(len(left)), (left, right)), (rows.shape[1], rows.shape[1]))
    group: Ints = connected_components(graph, directed=False)[1].astype(np.int64)
    return group
