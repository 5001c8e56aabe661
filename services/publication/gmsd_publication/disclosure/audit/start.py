"""A first table of whole numbers that fits what is printed."""

from dataclasses import dataclass

import highspy
import numpy as np
import scipy.sparse as sp

from gmsd_publication.disclosure.audit.blocks import Block
from gmsd_publication.disclosure.audit.bounds import Floats, feasible, linear, solver
from gmsd_publication.disclosure.audit.moves import KNOWN, REACH, Neighbours, local
from gmsd_publication.disclosure.audit.system import System
from gmsd_publication.disclosure.audit.whole import Whole, solve
from gmsd_publication.disclosure.errors import Contradictory, Infeasible, WorkLimit
from gmsd_publication.disclosure.model import UNBOUNDED, Flags, Ints

LAST = 16.0
"""Price of missing a row that no later block can mend, against 1 for one that others may still make up for."""
WINDOWS = (1, REACH)
"""How far from the middle a block may be rounded: near it if that goes, for then the totals keep room on both sides."""
REPAIR_BLOCKS = 8
"""Blocks freed at first to mend a row: a quick program, and twice as many after TRIES that brought nothing."""
TRIES = 3


def first_table(given: System, near: Neighbours, nodes: int, repairs: int) -> Ints | None:
    """A table; None when none was found within the work, which says nothing. Raises Contradictory."""
    table = diffused(given, near, centre(given), nodes)
    stuck, missed = 0, np.inf
    for turn in range(repairs):
        failing = given.rows @ table
        broken = np.flatnonzero(failing)
        if not broken.size:
            break
        stuck = 0 if np.abs(failing).sum() < missed else stuck + 1
        missed = np.abs(failing).sum()
        size = min(REPAIR_BLOCKS << (stuck // TRIES), len(near.blocks))
        free = _around_fault(given, near, int(broken[turn % broken.size]), size, turn)
        program = local(given, table, free, np.zeros(len(free)), slack_cost=1.0)
        try:
            found = solve(program, nodes)
        except (Infeasible, WorkLimit):
            continue
        table[free] = found
    return table if given.broken(table) is None else None


def _around_fault(given: System, near: Neighbours, row: int, size: int, turn: int) -> Ints:
    """The cells of `size` blocks that the row joins, or share a total with those, and of all their totals."""
    cells = given.rows.indices[given.rows.indptr[row] : given.rows.indptr[row + 1]]
    joined = np.setdiff1d(near.block_of[cells], [KNOWN])
    order = list(dict.fromkeys(np.roll(joined, -turn * REPAIR_BLOCKS).tolist()))
    for each in list(order):
        if len(order) >= size:
            break
        order = list(dict.fromkeys([*order, *near.beside[each]]))
    taken = set(order[:size])
    for each in list(taken):
        taken.update(near.above[each])
    return np.sort(np.concatenate([near.blocks[each].cells for each in taken]))


def diffused(given: System, near: Neighbours, middle: Floats, nodes: int) -> Ints:
    """Every block rounded to whole numbers in turn, its rows kept, so that what earlier blocks left over is made up for.

    Totals come after their parts: they take what the parts add up to wherever their intervals let them. Rows between
    blocks may fail in the end. Raises Contradictory: a block's own rows have no whole numbers.
    """
    order = sorted(range(len(near.blocks)), key=lambda b: (int(near.heights[near.blocks[b].cells].min()), b))
    table = np.clip(np.round(middle).astype(np.int64), given.low, given.high)
    left = np.bincount(
        given.row_of[near.block_of[given.rows.indices] != KNOWN], minlength=given.rows.shape[0]
    )
    drift = np.zeros(given.rows.shape[0])
    settled = given.rows @ np.where(given.low == given.high, given.low, 0)
    for number in order:
        block = near.blocks[number]
        touched = np.unique(given.columns[:, block.cells].indices)
        part = given.rows[touched][:, block.cells]
        left[touched] -= np.diff(part.indptr)
        weight = np.where(left[touched] == 0, LAST, 1.0)
        links = Links(part, np.isin(touched, block.rows), weight, drift[touched], settled[touched])
        found = _rounded(given, block.cells, links, middle[block.cells], nodes)
        if found is not None:
            table[block.cells] = found
        drift[touched] += part @ (table[block.cells] - middle[block.cells])
    return table


@dataclass(frozen=True)
class Links:
    """The rows that touch a block: their part inside it, which lie inside whole, the price and the size of their miss,

    and what their known cells add up to."""

    part: sp.csr_array
    inside: Flags
    weight: Floats
    drift: Floats
    settled: Ints


def _rounded(given: System, cells: Ints, links: Links, middle: Floats, nodes: int) -> Ints | None:
    """Whole numbers for one block; None when the work did not do."""
    for window in WINDOWS:
        try:
            found = solve(_program(given, cells, links, middle, window), nodes)
        except Infeasible:
            continue
        except WorkLimit:
            return None
        return found
    raise Contradictory(f"rond {given.names[int(cells[0])]} past geen enkele tabel van gehele aantallen")


def _program(given: System, cells: Ints, links: Links, middle: Floats, window: int) -> Whole:
    own, outer = links.part[links.inside], links.part[~links.inside]
    count, extra = len(cells), outer.shape[0]
    slack = sp.eye_array(extra, format="csr")
    nothing = sp.csr_array((own.shape[0], 2 * extra))
    matrix = sp.vstack([sp.hstack([own, nothing]), sp.hstack([outer, slack, -slack])], format="csr")
    # Whole targets: a block of two crossed dimensions then has whole vertices, and its first linear program is the answer.
    target = np.concatenate(
        [-links.settled[links.inside], np.round(outer @ middle - links.drift[~links.inside])]
    )
    price = links.weight[~links.inside]
    return Whole(
        cost=np.concatenate([np.zeros(count), price, price]),
        lower=np.maximum(given.low[cells], np.floor(middle).astype(np.int64) - window),
        upper=np.minimum(given.high[cells], np.ceil(middle).astype(np.int64) + window),
        matrix=matrix,
        low=target,
        high=target,
    )


def centre(given: System) -> Floats:
    """A point inside, far from every end: what an interior-point method finds when nothing is asked of it.

    Raises Contradictory when even fractions do not fit.
    """
    high = np.where(given.high == UNBOUNDED, given.low + REACH, given.high)
    highs = solver(solver="ipm", run_crossover="off", presolve="off")
    highs.passModel(linear(given.rows, given.low, high, np.zeros(given.rows.shape[0])))
    highs.run()
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        whole = Block(np.arange(given.size), np.arange(given.rows.shape[0]))
        return feasible(given, whole)
    return np.asarray(highs.getSolution().col_value)
