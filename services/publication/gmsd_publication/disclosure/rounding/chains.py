"""A total and many parts as a chain: the first part and all others together, then the second and the rest of those, and so on.

Why: with all parts of a total decided at once hardly one of them can then be divided over its own parts, and each repair disturbs
its sisters; all parts of all levels at once is a program of thousands of cells. In a chain a part is divided before the next is
decided, while what is left over stays a possible region itself, near its truth.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from gmsd_publication.disclosure.model import TOP, Ints, Model
from gmsd_publication.disclosure.rounding.choices import FAR
from gmsd_publication.disclosure.rounding.nearest import Asked
from gmsd_publication.disclosure.rounding.pieces import row_of
from gmsd_publication.disclosure.rounding.targets import Targets

LINK_CELLS, LAST_CELLS = 500, 1_600
"""Cells of a link of parts that have no parts themselves, and of the last link with all that lies in it: what comes last has to take
what is left as it is, so it is decided with its parts, and enough of them to have a choice."""


def chained(model: Model, asked: Asked) -> tuple[Model, Asked]:
    """With a cell more, at the end, for every figure of what is left over; `model` is in blocks, and knows its places.

    Whatever obeys this obeys the model, and the other way round: what holds for regions holds for their sum.
    """
    sums = [] if model.place is None else list(_sums(model, model.place))
    if model.place is None or not sums:
        return model, asked
    firsts = model.size + np.cumsum([0, *((one.links - 1) * len(one.rows) for one in sums)])
    left = [_Left(one, int(first)) for one, first in zip(sums, firsts, strict=False)]
    return _with(model, model.place, left), _asking(asked, left)


@dataclass(frozen=True)
class _Sum:
    """A total and its parts, figure by figure: `rows` of the model, `cells` [rows, parts] in the order they are decided,
    `link` [parts] in which. `block`: where all of them were decided at once."""

    rows: Ints
    cells: Ints
    link: Ints
    block: int

    @property
    def links(self) -> int:
        return int(self.link[-1]) + 1


@dataclass(frozen=True)
class _Left:
    """What is left of a sum after each link but the last: a place each, its cells numbered from `first`."""

    sum: _Sum
    first: int

    @property
    def cells(self) -> Ints:
        """[links − 1, rows]."""
        return self.first + np.arange((self.sum.links - 1) * len(self.sum.rows)).reshape(
            -1, len(self.sum.rows)
        )

    def summed(self, values: Ints) -> Ints:
        """Of values [n] those of all parts after the link, in the order of the cells."""
        of = values[self.sum.cells]
        return np.concatenate([of[:, self.sum.link > at].sum(axis=1) for at in range(self.sum.links - 1)])

    def equations(self) -> sp.coo_array:
        """What was left is the parts of the next link and what is left then."""
        cells, width = self.cells, len(self.sum.rows)
        entries = []
        for at, before in enumerate(cells):
            members = np.concatenate(
                [before[None], self.sum.cells[:, self.sum.link == at + 1].T, cells[at + 1 : at + 2]]
            )
            row = np.tile(at * width + np.arange(width), len(members))
            sign = np.where(np.arange(len(members)) == 0, 1, -1)
            entries.append(np.stack([row, members.ravel(), np.repeat(sign, width)]))
        row, column, sign = np.concatenate(entries, axis=1)
        return sp.coo_array((sign, (row, column)), shape=(cells.size, int(cells[-1, -1]) + 1))

    def copied(self, cells: Ints) -> Ints:
        """[links − 1, …] cells of the first part, as the same figures of what is left."""
        order = np.argsort(self.sum.cells[:, 0])
        return self.cells[:, order[np.searchsorted(self.sum.cells[:, 0], cells, sorter=order)]]


def _sums(model: Model, place: Ints) -> Iterator[_Sum]:
    """Those with several parts in one block."""
    rows = model.equations
    row, own = row_of(rows), model.block_of_rows(rows)
    spans = np.zeros(rows.shape[0], dtype=bool)
    spans[row[place[rows.indices] != place[rows.indices[rows.indptr[row]]]]] = True
    negative = np.bincount(row, rows.data < 0, rows.shape[0])
    sign = np.where(2 * negative >= np.diff(rows.indptr), -1, 1)
    part = spans[row] & (own[row] != TOP) & (model.block[rows.indices] == own[row])
    entry = np.flatnonzero(part & (np.sign(rows.data) == sign[row]))
    cell, row = rows.indices[entry], row[entry]
    # What nobody publishes comes last: it gives way most easily.
    order = np.lexsort((place[cell], ~model.published[cell], row, own[row]))
    cell, row = cell[order], row[order]
    parents, weight = set(model.parents.tolist()), _weights(model, place)
    for start, end in _runs(own[row]):
        numbers = np.unique(row[start:end])
        parts, odd = divmod(end - start, len(numbers))
        if odd:
            continue
        cells = cell[start:end].reshape(-1, parts)
        if (place[cells] != place[cells[0]]).any():
            continue
        block = int(own[row[start]])
        link = _links(weight[place[cells[0]]], block in parents)
        if link[-1]:
            yield _Sum(row[start:end:parts], cells, link, block)


def _links(weight: Ints, divided: bool) -> Ints:
    """[parts] which link each is in: of so many cells each, alone when they are `divided` further."""
    last = np.cumsum(weight[::-1])[::-1] <= LAST_CELLS
    last[-2:] = True
    links = np.arange(len(weight)) if divided else np.cumsum(weight) // LINK_CELLS
    links = np.where(last, links[last][0], links)
    return np.unique(links, return_inverse=True)[1].astype(np.int64)


def _weights(model: Model, place: Ints) -> Ints:
    """[places] how many cells each has together with its parts."""
    rows, own = model.equations, model.block != TOP
    row, inside = row_of(rows), model.block_of_rows(rows)
    weight = np.bincount(place[own], minlength=int(place.max()) + 1).astype(np.int64)
    above = (inside[row] != TOP) & own[rows.indices]
    above &= model.block[rows.indices] == np.append(model.parents, TOP)[inside[row]]
    pairs = np.unique(np.stack([inside[row[above]], place[rows.indices[above]]], axis=1), axis=0)
    of_block = np.bincount(model.block[own], minlength=len(model.parents))
    np.add.at(weight, pairs[:, 1], of_block[pairs[:, 0]])
    return weight


def _with(model: Model, place: Ints, left: Sequence[_Left]) -> Model:
    link, part_of = np.zeros(model.size, dtype=np.int64), np.full(model.size, -1, dtype=np.int64)
    for rest in left:
        link[rest.sum.cells], part_of[rest.sum.cells] = rest.sum.link, rest.sum.rows[:, None]
    blocks, parents = _numbered(model, link, [rest.sum for rest in left])
    size = model.size + sum(rest.cells.size for rest in left)
    nothing = np.zeros(size - model.size, dtype=np.int64)
    equations, implied = _Within(model.equations, place), _Within(model.implied, place)
    inner = np.where((one := place[model.presence])[:, 0] == one[:, 1], one[:, 0], TOP)
    pairs = [
        rest.copied(model.presence[inner == place[rest.sum.cells[0, 0]]]).reshape(-1, 2) for rest in left
    ]
    added = [
        blocks[rest.sum.block, np.repeat(np.arange(rest.sum.links - 1), len(rest.sum.rows))] for rest in left
    ]
    return replace(
        model,
        names=(), equation_names=(), implied_names=(), units=None, place=None,
        base=np.concatenate([model.base, *(np.tile(model.base[r.sum.cells[:, 0]], r.sum.links - 1) for r in left)]),
        published=np.concatenate([model.published, nothing.astype(bool)]),
        steps=np.concatenate([model.steps, nothing]),
        lower=_summed(model.lower, left),
        upper=_summed(np.minimum(model.upper, FAR), left),
        equations=_stacked([_first_links(model.equations, part_of, link, left), *(rest.equations() for rest in left),
                            *(equations.copied(rest, place) for rest in left)], size),
        implied=_stacked([model.implied.tocoo(), *(implied.copied(rest, place) for rest in left)], size),
        presence=np.concatenate([model.presence, *pairs]),
        block=np.concatenate([np.where(model.block == TOP, TOP, blocks[model.block, link]), *added]),
        parents=parents,
    )  # fmt: skip


def _asking(asked: Asked, left: Sequence[_Left]) -> Asked:
    nothing = np.zeros(sum(rest.cells.size for rest in left), dtype=np.int64)
    none = nothing.astype(bool)
    aims = Targets(
        np.concatenate([asked.targets.up, none]), np.concatenate([asked.targets.cost, nothing + 1])
    )
    fixed, given = np.concatenate([asked.fixed, none]), np.concatenate([asked.given, nothing])
    return Asked(_summed(asked.truth, left), aims, fixed, given)


def _summed(values: Ints, left: Sequence[_Left]) -> Ints:
    return np.concatenate([values, *(rest.summed(values) for rest in left)])


def _first_links(rows: sp.csr_array, part_of: Ints, link: Ints, left: Sequence[_Left]) -> sp.coo_array:
    """The equations with what is left after the first link in place of all parts after it."""
    row = row_of(rows)
    part = part_of[rows.indices] == row
    stays = ~part | (link[rows.indices] == 0)
    signs = np.zeros(rows.shape[0], dtype=np.int64)
    signs[row[part]] = rows.data[part]
    numbers = np.concatenate([rest.sum.rows for rest in left])
    column = np.concatenate([rows.indices[stays], *(rest.cells[0] for rest in left)])
    data = np.concatenate([rows.data[stays], signs[numbers]])
    shape = (rows.shape[0], int(column.max()) + 1)
    return sp.coo_array((data, (np.concatenate([row[stays], numbers]), column)), shape=shape)


class _Within:
    """Rows that look at one place only, by place."""

    def __init__(self, rows: sp.csr_array, place: Ints) -> None:
        own = place[rows.indices]
        filled = np.flatnonzero(np.diff(rows.indptr))
        first = np.full(rows.shape[0], TOP, dtype=np.int64)
        first[filled] = own[rows.indptr[filled]]
        strays = np.bincount(row_of(rows), own != first[row_of(rows)], rows.shape[0]) > 0
        alone = np.flatnonzero(~strays & (first != TOP))
        self._rows = alone[np.argsort(first[alone], kind="stable")]
        self._place = np.sort(first[alone])
        self._matrix = rows

    def copied(self, rest: _Left, place: Ints) -> sp.coo_array:
        """What holds in the first part, for everything left."""
        at = place[rest.sum.cells[0, 0]]
        start, end = np.searchsorted(self._place, [at, at + 1])
        template = self._matrix[self._rows[start:end]].tocoo()
        columns = rest.copied(template.col)
        row = np.arange(len(columns))[:, None] * template.shape[0] + template.row
        data = np.broadcast_to(template.data, columns.shape)
        shape = (len(columns) * template.shape[0], int(rest.cells[-1, -1]) + 1)
        return sp.coo_array((data.ravel(), (row.ravel(), columns.ravel())), shape=shape)


def _numbered(model: Model, link: Ints, sums: Sequence[_Sum]) -> tuple[Ints, Ints]:
    """[blocks, links] new numbers, and the parents of those: links of a block in turn, each followed by what lies in it."""
    links = {one.block: one.links for one in sums}
    rows = model.equations
    row, own = row_of(rows), model.block_of_rows(rows)
    under = np.zeros(len(model.parents), dtype=np.int64)
    above = (own[row] != TOP) & (model.block[rows.indices] == np.append(model.parents, TOP)[own[row]])
    np.maximum.at(under, own[row[above]], link[rows.indices[above]])
    children: dict[tuple[int, int], list[int]] = {}
    for block, parent in enumerate(model.parents.tolist()):
        children.setdefault((parent, int(under[block]) if parent in links else 0), []).append(block)
    numbers = np.full((len(model.parents), max(links.values())), TOP, dtype=np.int64)
    parents: list[int] = []

    def visit(block: int, parent: int) -> None:
        count = links.get(block, 1)
        for at in range(count):
            parents.append(parent)
            parent = numbers[block, at] = len(parents) - 1
            for child in children.get((block, at), []):
                # The last link is decided with all that lies in it.
                if 0 < at == count - 1:
                    numbers[child] = parent
                else:
                    visit(child, parent)

    for top in children.get((TOP, 0), []):
        visit(top, TOP)
    return numbers, np.array(parents, dtype=np.int64)


def _stacked(pieces: Sequence[sp.coo_array], size: int) -> sp.csr_array:
    wide = [sp.coo_array((piece.data, piece.coords), shape=(piece.shape[0], size)) for piece in pieces]
    return sp.vstack(wide, format="csr", dtype=np.int64)


def _runs(values: Ints) -> Iterator[tuple[int, int]]:
    """(start, end) of equal values."""
    edges = [0, *(np.flatnonzero(np.diff(values)) + 1).tolist(), len(values)]
    yield from ((start, end) for start, end in zip(edges[:-1], edges[1:], strict=True) if end > start)
