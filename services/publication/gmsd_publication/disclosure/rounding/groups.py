"""The structure a search needs: which cells are free, what follows from them, and which of them belong together."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from gmsd_publication.disclosure.model import Ints, Model
from gmsd_publication.disclosure.rounding.choices import FAR, Choices
from gmsd_publication.disclosure.rounding.layout import Rows, rows_of
from gmsd_publication.disclosure.rounding.program import Floats

GROUP = 100
"""Most cells in a group. Natural groups, a region's own table say, have tens of cells; larger ones solve no slower together."""


@dataclass(frozen=True)
class System:
    """A model of equations alone: each implied count and each presence row became a figure of its own, at least 0.

    `free` [f]      cells that are no sum. `sums` [n, f]: every cell from them, so any free values give values that add up.
    `label` [n]     group of a cell; -1 for a cell that sums over several groups.
    `across` [a]    those cells. `reach` [a, groups]: 1 where the cell sums over the group.
    """

    choices: Choices
    equations: sp.csr_array
    free: Ints
    sums: sp.csr_array
    label: Ints
    across: Ints
    reach: sp.csr_array

    def complete(self, z: Ints) -> Ints:
        """z with every sum computed anew from the free cells."""
        floor = self.choices.floor
        done: Ints = self.sums @ (floor + z)[self.free] - floor
        return done


def system(model: Model, choices: Choices) -> System | None:
    """None when the equations leave no set of cells free: then nothing adds up by construction."""
    figures = rows_of(model, choices).matrix[model.equations.shape[0] :]
    equations = sp.csr_array(
        sp.block_array([[model.equations, None], [figures, -sp.eye_array(figures.shape[0], dtype=np.int64)]], format="csr")
        if figures.shape[0]
        else model.equations
    )  # fmt: skip
    size = equations.shape[1]
    defining, free = _definitions(equations, model.size)
    sums = _summed(equations, defining, free)
    if sums is None or (equations @ sums).count_nonzero():
        return None
    label = _grouped(equations)
    incidence = _incidence(sums, label[free])
    spread = np.diff(incidence.indptr)
    label = np.full(size, -1)
    single = np.flatnonzero(spread == 1)
    label[single] = incidence.indices[incidence.indptr[single]]
    across = np.flatnonzero(spread > 1)
    return System(
        _extended(choices, figures.shape[0]), equations, free, sums, label, across, incidence[across]
    )


def _extended(choices: Choices, extra: int) -> Choices:
    nothing, far = np.zeros(extra, dtype=np.int64), np.full(extra, FAR)
    return Choices(
        floor=np.concatenate([choices.floor, nothing]),
        least=np.concatenate([choices.least, nothing]),
        most=np.concatenate([choices.most, far]),
        low=np.concatenate([choices.low, nothing]),
        high=np.concatenate([choices.high, far]),
        price=np.concatenate([choices.price, np.zeros(extra)]),
        step=choices.step,
    )


def _definitions(equations: sp.csr_array, size: int) -> tuple[Ints, Ints]:
    """The equation that computes each cell (-1: none, it is free): the shortest of those in which only it has its sign."""
    row = np.repeat(np.arange(equations.shape[0]), np.diff(equations.indptr))
    sign = np.sign(equations.data)
    positive = np.bincount(row, weights=sign > 0, minlength=equations.shape[0])
    negative = np.bincount(row, weights=sign < 0, minlength=equations.shape[0])
    total = np.where(positive == 1, 1, np.where(negative == 1, -1, 0))[row] == sign
    # A figure added for a row stands alone in it, whatever the signs of the rest.
    total = np.where(
        equations.indices[equations.indptr[1:] - 1][row] >= size, equations.indices >= size, total
    )
    total &= np.abs(equations.data) == 1
    length = np.diff(equations.indptr)[row]
    order = np.argsort(-length[total], kind="stable")
    defining = np.full(equations.shape[1], -1)
    defining[equations.indices[total][order]] = row[total][order]
    return defining, np.flatnonzero(defining < 0)


def _summed(equations: sp.csr_array, defining: Ints, free: Ints) -> sp.csr_array | None:
    size, sums = equations.shape[1], np.flatnonzero(defining >= 0)
    rows = sp.coo_array(equations[defining[sums]])
    cell = sums[rows.coords[0]]
    own = cell == rows.coords[1]
    sign = np.zeros(size, dtype=np.int64)
    sign[cell[own]] = rows.data[own]
    parts = sp.csr_array(
        (-rows.data[~own] * sign[cell[~own]], (cell[~own], rows.coords[1][~own])), shape=(size, size)
    )
    result = sp.csr_array(
        (np.ones(len(free), dtype=np.int64), (free, np.arange(len(free)))), shape=(size, len(free))
    )
    base = result
    # As many rounds as sums lie above one another; where sums define one another there is no end.
    for _ in range(32):
        following = sp.csr_array(base + parts @ result)
        if (following != result).nnz == 0:
            return result
        result = following
    return None


def _grouped(equations: sp.csr_array) -> Ints:
    """Cells joined through equations, the shortest first, as long as a group stays small."""
    parent = list(range(equations.shape[1]))
    size = [1] * len(parent)

    def root(cell: int) -> int:
        while parent[cell] != cell:
            parent[cell] = parent[parent[cell]]
            cell = parent[cell]
        return cell

    indices, edges = equations.indices.tolist(), equations.indptr.tolist()
    for row in np.argsort(np.diff(equations.indptr), kind="stable").tolist():
        roots = sorted({root(cell) for cell in indices[edges[row] : edges[row + 1]]})
        joined = sum(size[cell] for cell in roots)
        if len(roots) > 1 and joined <= GROUP:
            for cell in roots:
                parent[cell] = roots[0]
            size[roots[0]] = joined
    return np.array([root(cell) for cell in range(len(parent))])


def _incidence(sums: sp.csr_array, label: Ints) -> sp.csr_array:
    """[n, groups] 1 where a cell sums over a group; groups renumbered in order of appearance by label."""
    names, number = np.unique(label, return_inverse=True)
    member = sp.csr_array(
        (np.ones(len(label), dtype=np.int64), (np.arange(len(label)), number)), shape=(len(label), len(names))
    )
    incidence = sp.csr_array(abs(sums) @ member)
    incidence.eliminate_zeros()
    incidence.data[:] = 1
    incidence.sort_indices()
    return incidence


def rows(system: System) -> Rows:
    """The equations as rows of a program."""
    nothing = np.zeros(system.equations.shape[0], dtype=np.int64)
    return Rows(system.equations, nothing, nothing)


def group_rows(system: System) -> Ints:
    """[equations] the group of an equation that stays within one; -1 for one that joins several."""
    labels = system.label[system.equations.indices]
    edges = system.equations.indptr[:-1]
    least, most = np.minimum.reduceat(labels, edges), np.maximum.reduceat(labels, edges)
    return np.where(least == most, least, -1)


def priced(choices: Choices, price: Floats, step: float) -> Choices:
    """The same choices at other prices."""
    return Choices(choices.floor, choices.least, choices.most, choices.low, choices.high, price, step)
