"""Bounds that follow from one equation at a time, until nothing more follows."""

from dataclasses import dataclass

import numpy as np

from gmsd_publication.disclosure.audit.system import System
from gmsd_publication.disclosure.errors import Contradictory
from gmsd_publication.disclosure.model import UNBOUNDED, Flags, Ints

TOGETHER = -1
"""Row of a step that follows from two counts being present together."""


@dataclass(frozen=True)
class Steps:
    """Bounds found at the same time, from the bounds before: cell, value, and the row each follows from."""

    upper: bool
    cells: Ints
    values: Ints
    rows: Ints


def propagate(given: System, rounds: int) -> tuple[System, list[Steps]]:
    """The narrowest intervals that single rows prove, and how. Raises Contradictory, which names the row.

    `rounds` limits the work: a chain of rows can narrow by one at a time for ever.
    """
    low, high = given.low.copy(), given.high.copy()
    log: list[Steps] = []
    for _ in range(rounds):
        found = _once(given, low, high) + _present(given, low, high)
        if not found:
            break
        for steps in found:
            side = high if steps.upper else low
            better = steps.values < side[steps.cells] if steps.upper else steps.values > side[steps.cells]
            side[steps.cells[better]] = steps.values[better]
            crossed = np.flatnonzero(low > high)
            if crossed.size:
                row = int(steps.rows[np.flatnonzero(steps.cells == crossed[0])[0]])
                where = given.row_names[row] if row != TOGETHER else "samen aanwezig zijn"
                raise Contradictory(f"{where}: geen aantal past bij {given.names[int(crossed[0])]}")
        log += found
    return given.within(low, high), log


def _once(given: System, low: Ints, high: Ints) -> list[Steps]:
    rows = given.rows
    cell, sign, row = rows.indices, rows.data, given.row_of
    up, down = low[cell], high[cell]
    positive = sign > 0
    near, far = np.where(positive, up, down), np.where(positive, down, up)
    least, least_free = _sums(sign, near, row, rows.shape[0])
    most, most_free = _sums(sign, far, row, rows.shape[0])
    # x = −(the others)/sign: the others' least gives a bound on one side, their most on the other.
    ceiling, ceiling_known = _rest(sign, near, least[row], least_free[row])
    floor, floor_known = _rest(sign, far, most[row], most_free[row])
    size = np.abs(sign)
    upper = np.where(positive, (-ceiling) // size, floor // size)
    lower = -np.where(positive, floor // size, (-ceiling) // size)
    upper_known = np.where(positive, ceiling_known, floor_known)
    lower_known = np.where(positive, floor_known, ceiling_known)
    return _best(cell, upper, row, upper_known & (upper < down), True) + _best(
        cell, lower, row, lower_known & (lower > up), False
    )


def _sums(sign: Ints, value: Ints, row: Ints, rows: int) -> tuple[Ints, Ints]:
    free = value == UNBOUNDED
    total = np.zeros(rows, dtype=np.int64)
    np.add.at(total, row, np.where(free, 0, sign * np.where(free, 0, value)))
    return total, np.bincount(row, weights=free, minlength=rows).astype(np.int64)


def _rest(sign: Ints, value: Ints, total: Ints, free: Ints) -> tuple[Ints, Flags]:
    """The sum of the others of each entry's row, and whether it is known."""
    own_free = value == UNBOUNDED
    return total - np.where(own_free, 0, sign * np.where(own_free, 0, value)), (free - own_free) == 0


def _best(cell: Ints, value: Ints, row: Ints, better: Flags, upper: bool) -> list[Steps]:
    at = np.flatnonzero(better)
    if not at.size:
        return []
    order = at[np.lexsort((row[at], value[at] if upper else -value[at], cell[at]))]
    first = np.concatenate([[True], cell[order][1:] != cell[order][:-1]])
    best = order[first]
    return [Steps(upper, cell[best].astype(np.int64), value[best], row[best])]


def _present(given: System, low: Ints, high: Ints) -> list[Steps]:
    found = []
    for here, there in ((0, 1), (1, 0)):
        a, b = given.together[:, here], given.together[:, there]
        one = np.unique(b[(low[a] > 0) & (low[b] <= 0)])
        none = np.unique(b[(high[a] == 0) & (high[b] > 0)])
        for upper, cells, value in ((False, one, 1), (True, none, 0)):
            if cells.size:
                found.append(Steps(upper, cells, np.full(len(cells), value), np.full(len(cells), TOGETHER)))
    return found
