"""Pieces of a system small enough to be decided each by itself."""

from dataclasses import dataclass

import numpy as np

from gmsd_publication.disclosure.audit.system import System
from gmsd_publication.disclosure.model import Ints


@dataclass(frozen=True)
class Block:
    """Cells, and rows that hold no other cell but known ones. What it proves holds in the whole; the reverse does not."""

    cells: Ints
    rows: Ints


def blocks(given: System, limit: int) -> list[Block]:
    """Disjoint pieces of at most `limit` cells that keep the shortest rows whole; together they hold every unknown cell.

    Short rows first: a region's own equations are short, and the sums over hundreds of regions, which would join
    everything, are what a piece must do without. A cell that is known joins nothing.
    """
    unknown = given.low < given.high
    counted = unknown[given.rows.indices]
    cells = given.rows.indices[counted].tolist()
    length = np.bincount(given.row_of[counted], minlength=given.rows.shape[0])
    starts = np.concatenate([[0], np.cumsum(length)]).tolist()
    parent, weight = list(range(given.size)), [1] * given.size
    kept, first = list[int](), list[int]()
    for row in np.argsort(length, kind="stable").tolist():
        roots = {_root(parent, cell) for cell in cells[starts[row] : starts[row + 1]]}
        total = sum(weight[root] for root in roots)
        if not roots or total > limit:
            continue
        head = min(roots)
        kept.append(row)
        first.append(head)
        for root in roots:
            parent[root] = head
        weight[head] = total
    pieces = np.array([_root(parent, cell) for cell in range(given.size)], dtype=np.int64)
    members = np.flatnonzero(unknown)
    return _gather(pieces[members], members, pieces[first], np.array(kept, dtype=np.int64))


def _root(parent: list[int], cell: int) -> int:
    while parent[cell] != cell:
        parent[cell] = parent[parent[cell]]
        cell = parent[cell]
    return cell


def _gather(cell_piece: Ints, cells: Ints, row_piece: Ints, rows: Ints) -> list[Block]:
    cell_order, row_order = np.argsort(cell_piece, kind="stable"), np.argsort(row_piece, kind="stable")
    heads = np.unique(cell_piece)
    cell_from, cell_to = _spans(cell_piece[cell_order], heads)
    row_from, row_to = _spans(row_piece[row_order], heads)
    return [
        Block(cells[cell_order[cell_from[i] : cell_to[i]]], rows[row_order[row_from[i] : row_to[i]]])
        for i in range(len(heads))
    ]


def _spans(ordered: Ints, heads: Ints) -> tuple[Ints, Ints]:
    left: Ints = np.searchsorted(ordered, heads, "left")
    right: Ints = np.searchsorted(ordered, heads, "right")
    return left, right
