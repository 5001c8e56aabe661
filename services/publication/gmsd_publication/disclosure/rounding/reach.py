"""How far a total may go before its parts can no longer add up to it."""

import numpy as np
import scipy.sparse as sp

from gmsd_publication.disclosure.model import TOP, Ints, Model
from gmsd_publication.disclosure.rounding.choices import FAR, Asked


def reach(model: Model, asked: Asked) -> tuple[Ints, Ints]:
    """[n], [n]: the least and most a cell can be within its own window and for the sake of its parts in deeper blocks.

    A total is decided before its parts, so this looks ahead: from the deepest blocks upward, interval arithmetic on the
    equations in which one cell lies above the block that decides the rest.
    """
    low, high = _windows(model, asked)
    depth = np.zeros(len(model.parents), dtype=np.int64)
    for block, parent in enumerate(model.parents):
        depth[block] = 0 if parent == TOP else depth[parent] + 1
    own, rows = model.block_of_rows(model.equations), model.equations
    row = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    above = model.block[rows.indices] != own[row]
    single = np.bincount(row, weights=above, minlength=rows.shape[0]) == 1
    for level in range(int(depth.max(initial=0)), 0, -1):
        chosen = np.flatnonzero(single & (depth[own] == level))
        if chosen.size:
            _tighten(rows[chosen], own[chosen], model.block, low, high)
    return low, high


def _windows(model: Model, asked: Asked) -> tuple[Ints, Ints]:
    floor, steps = asked.truth // model.base, model.steps.astype(np.int64)
    shown = np.maximum(floor - steps, np.where(asked.truth < model.naught, 0, 1)) * model.base
    least = np.where(model.published, shown, 0)
    most = np.where(model.published, (floor + (asked.truth % model.base > 0) + steps) * model.base, FAR)
    low = np.where(asked.fixed, asked.given, np.maximum(least, model.lower))
    high = np.where(asked.fixed, asked.given, np.minimum(most, model.upper))
    return low, high


def _tighten(rows: sp.csr_array, own: Ints, block: Ints, low: Ints, high: Ints) -> None:
    row = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    at, sign = rows.indices, rows.data
    above = block[at] != own[row]
    total, sign_of_total = at[above], sign[above]
    least, most = np.zeros(rows.shape[0], dtype=np.int64), np.zeros(rows.shape[0], dtype=np.int64)
    np.add.at(least, row, np.where(above, 0, np.where(sign > 0, sign * low[at], sign * high[at])))
    np.add.at(most, row, np.where(above, 0, np.where(sign > 0, sign * high[at], sign * low[at])))
    # sign · total = −(the rest), signs are ±1.
    np.maximum.at(low, total, np.where(sign_of_total > 0, -most, least))
    np.minimum.at(high, total, np.where(sign_of_total > 0, -least, most))
