"""The print as a reader has it: what is known, and the tables of counts that fit it."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from gmsd_publication.disclosure.errors import Contradictory
from gmsd_publication.disclosure.model import Flags, Ints, Model
from gmsd_publication.disclosure.suppression.engine import Floats
from gmsd_publication.disclosure.suppression.system import System, system_of

PASSES = 12
"""Over the rows to bound columns. Bounds settle after as many levels as a hierarchy has; stopping early only leaves them wide."""
CEILING = 2**30
"""An upper bound for what nothing printed bounds: any larger count fits as well as this one."""


@dataclass(frozen=True)
class Reader:
    """`columns` [h] of the system that are not printed; for those `rows`·x = `right` [m], `lower` ≤ x ≤ `upper` [h].

    `asked` [h] columns of which the reader would like to know whether they are small. `fixed` [k] counts of the printed columns, 0 elsewhere.
    `part`, `whole` [p]: places among the k columns of pairs that are present together.
    """

    system: System
    columns: Ints
    rows: sp.csr_array
    right: Ints
    lower: Ints
    upper: Ints
    asked: Flags
    fixed: Ints
    part: Ints
    whole: Ints

    def table(self, hidden_counts: Ints) -> Ints:
        """The counts [k] of all columns when the hidden columns hold `hidden_counts` [h]."""
        counts = self.fixed.copy()
        counts[self.columns] = hidden_counts
        return counts

    def fits(self, hidden_counts: Ints) -> bool:
        """Whether hidden counts [h] obey the rows, the bounds and the pairs."""
        counts = self.table(hidden_counts)
        return bool(
            (self.rows @ hidden_counts == self.right).all()
            and ((hidden_counts >= self.lower) & (hidden_counts <= self.upper)).all()
            and ((counts[self.part] > 0) == (counts[self.whole] > 0)).all()
        )

    def presence_rows(self) -> tuple[sp.csr_array, Floats]:
        """Rows [2p, h] and least values: most(b)·a − b ≥ 0 both ways, so one of a pair is there exactly when the other is."""
        place = np.full(self.system.size, -1)
        place[self.columns] = np.arange(len(self.columns))
        most = self.table(self.upper)
        left = np.concatenate([self.part, self.whole])
        right = np.concatenate([self.whole, self.part])
        factor = np.maximum(most[right], 1)
        row, has, also = np.arange(len(left)), place[left] >= 0, place[right] >= 0
        rows = sp.csr_array(
            (
                np.concatenate([factor[has], -np.ones(also.sum())]),
                (
                    np.concatenate([row[has], row[also]]),
                    np.concatenate([place[left][has], place[right][also]]),
                ),
            ),
            shape=(len(left), len(self.columns)),
        )
        return rows, (self.fixed[right] - factor * self.fixed[left]).astype(float)


def reader_of(model: Model, printed: Ints, hidden: Flags) -> Reader:
    """What a reader knows who sees `printed` [n] where a published cell is not `hidden` [n]; hidden places are never read.

    Raises Contradictory: printed figures that no table of counts fits, as far as bounds tell.
    """
    system = system_of(model)
    shown = np.flatnonzero(model.published & ~hidden)
    fixed = np.zeros(system.size, dtype=np.int64)
    fixed[system.column[shown]] = printed[shown]
    if (fixed[system.column[shown]] != printed[shown]).any():
        raise Contradictory("equal cells were printed with different figures")
    known = system.known()
    fixed[known] = system.lower[known]
    seen = known.copy()
    seen[system.column[shown]] = True
    if ((fixed < system.lower) | (fixed > system.upper))[seen].any():
        raise Contradictory("a printed figure lies outside its public bounds")
    columns = np.flatnonzero(~seen)
    rows = system.rows[:, columns]
    right = -(system.rows @ fixed)
    lower, upper = propagate(rows, right, system.lower[columns], system.upper[columns])
    part, whole = system.column[model.presence[:, 0]], system.column[model.presence[:, 1]]
    asked = system.interesting()[columns]
    return Reader(system, columns, rows, right, lower, upper, asked, fixed, part, whole)


def propagate(rows: sp.csr_array, right: Ints, lower: Ints, upper: Ints) -> tuple[Ints, Ints]:
    """Bounds of columns from rows·x = right and the bounds of the others. Raises Contradictory."""
    low, high = lower.astype(np.int64), np.minimum(upper, CEILING)
    row, column = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr)), rows.indices
    weight = rows.data.astype(np.int64)
    up = weight > 0
    for _ in range(PASSES):
        least = np.where(up, weight * low[column], weight * high[column])
        most = np.where(up, weight * high[column], weight * low[column])
        sum_least, sum_most = _sums(row, least, rows.shape[0]), _sums(row, most, rows.shape[0])
        # weight·x = right − the others, so it lies between right − their most and right − their least.
        bottom, top = right[row] - (sum_most[row] - most), right[row] - (sum_least[row] - least)
        from_low = np.where(up, -(-bottom // weight), -(-top // weight))
        from_high = np.where(up, top // weight, bottom // weight)
        new_low, new_high = low.copy(), high.copy()
        np.maximum.at(new_low, column, from_low)
        np.minimum.at(new_high, column, from_high)
        if (new_low > new_high).any() or ((sum_least > right) | (sum_most < right)).any():
            raise Contradictory("no table of counts fits the printed figures")
        if (new_low == low).all() and (new_high == high).all():
            break
        low, high = new_low, new_high
    return low, high


def _sums(row: Ints, values: Ints, count: int) -> Ints:
    sums = np.zeros(count, dtype=np.int64)
    np.add.at(sums, row, values)
    return sums
