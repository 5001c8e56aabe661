"""Blocks that lie in one another, decided one after the other, each with what lies above it given (disclosure.md 5.6)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from gmsd_publication.disclosure.errors import Infeasible
from gmsd_publication.disclosure.model import TOP, Flags, Ints, Model
from gmsd_publication.disclosure.rounding.attempts import first_found, or_none
from gmsd_publication.disclosure.rounding.nearest import Asked, aim, round_part
from gmsd_publication.disclosure.rounding.pieces import (
    RowNumbers,
    grouped,
    narrowed,
    picked,
    row_of,
    touching_rows,
)
from gmsd_publication.disclosure.rounding.program import Work
from gmsd_publication.disclosure.rounding.search import LARGE

SISTERS = (2, 8)
"""Regions without a decided part that give way together with one whose parts do not fit under it; then all. Of a city of a hundred
wijken in the demo's nation 60 to 83 do not fit, and 2 or 8 sisters mend that in 0.1 s where all of them take 0.7."""
BACK = (0, 1, 2, 4, 8, 16, 32)
"""How many blocks decided before are decided anew with a block that does not fit. Sixteen and more are for the last of a city's fifty
wijken, which have to take what is left; below that the totals above are what is in the way."""
SMALL = 2_000
"""Cells that are decided at once: an integer program of at most some seconds."""
LAST_RESORT = 3 * LARGE
"""Cells decided at once where nothing less fits, even with the totals free: by searching, some seconds for each thousand."""


@dataclass(frozen=True)
class Tree:
    """Its blocks renumbered from 0, parents first. The first `own` of its cells are decided here, the others are given.

    `cells`, `rows`: their numbers in the model it is a part of.
    """

    cells: Ints
    own: int
    rows: RowNumbers
    model: Model
    asked: Asked

    def decide(self, values: Ints, work: Work | None) -> Ints:
        """Values of the own cells, block after block; what is small at once, which is nearer to the targets. Raises Infeasible, WorkLimit."""
        return self._walked(values, work, LARGE, self._once if self.own <= SMALL else self.model)

    def decide_in_the_end(self, values: Ints, work: Work | None) -> Ints:
        """The same with all we have: also block by block what is small, more cells at a time, and everything at once."""
        shapes = [(LARGE, self.model), (LAST_RESORT, self.model), (LAST_RESORT, self._once)]
        if self.own <= LARGE:
            shapes = [(LARGE, self._once), (LARGE, self.model)][:: 1 if self.own <= SMALL else -1]
        elif self.own > LAST_RESORT:
            del shapes[-1]
        return first_found(partial(self._walked, values, work, most, model) for most, model in shapes)

    @property
    def _once(self) -> Model:
        return replace(self.model, block=np.minimum(self.model.block, 0), parents=np.array([TOP]))

    def _walked(self, values: Ints, work: Work | None, most: int, model: Model) -> Ints:
        walk, values = _Walk(most, model, self.asked), values.copy()
        for block in range(len(model.parents)):
            walk.decide(block, values, work)
        return values[: self.own]

    def attempt(self, values: Ints, work: Work | None) -> Ints | None:
        """`decide`, or None."""
        return or_none(partial(self.decide, values, work))

    def attempt_in_the_end(self, values: Ints, work: Work | None) -> Ints | None:
        """`decide_in_the_end`, or None."""
        return or_none(partial(self.decide_in_the_end, values, work))

    def fits(self, values: Ints) -> bool:
        """Whether values of its cells obey its rows, and its own cells their bounds."""
        return _fits(self.model, values, self.own)


class _Walk:
    """Deciding the blocks of a tree in turn, `most` cells at a time."""

    def __init__(self, most: int, model: Model, asked: Asked) -> None:
        self.most, self.model, self.asked = most, model, asked
        own = (
            model.block_of_rows(model.equations),
            model.block_of_rows(model.implied),
            model.block[model.presence].max(axis=1, initial=TOP),
        )
        self._rows = [grouped(of, len(model.parents)) for of in own]

    def decide(self, block: int, values: Ints, work: Work | None) -> None:
        """Changes `values` [n]. Raises Infeasible, WorkLimit."""
        first_found(
            partial(self._decide_cells, np.flatnonzero(free), blocks, values, work)
            for free, blocks in self._attempts(block)
        )

    def _attempts(self, block: int) -> Iterator[tuple[Flags, Ints]]:
        """Which cells to decide, and which blocks' rows hold: those of the block; then with whatever of its parent can still give
        way, because nothing else was decided under it, a few regions of that first; then with more and more of what was decided
        before, in the same way."""
        model = self.model
        within = model.block != TOP
        yield model.block == block, np.array([block])
        for back in sorted({min(back, block) for back in BACK}) if block else ():
            opened = np.arange(block - back, block + 1)
            above = np.setdiff1d(model.parents[opened], [TOP, *opened])
            settled = self._looked_at(np.setdiff1d(np.arange(block - back), above))
            free = within & (np.isin(model.block, opened) | (np.isin(model.block, above) & ~settled))
            rows = np.concatenate([above, opened])
            if not back:
                yield from ((some, rows) for some in self._among_few(free, block) if some.sum() <= self.most)
            if free.sum() > self.most:
                return
            yield free, rows

    def _among_few(self, free: Flags, block: int) -> Iterator[Flags]:
        """Of `free`, all but most regions that wait for their own parts to be decided."""
        model = self.model
        if model.place is None:
            return
        waiting = free & (model.block != block) & self._looked_at(np.arange(block + 1, len(model.parents)))
        sisters = np.setdiff1d(model.place[waiting], model.place[self._looked_at(np.array([block]))])
        for few in SISTERS:
            if few < len(sisters):
                yield free & ~np.isin(model.place, sisters[few:])

    def _looked_at(self, blocks: Ints) -> Flags:
        """[n] cells in the rows of some blocks."""
        rows, found = self._rows_of(blocks), np.zeros(self.model.size, dtype=bool)
        found[self.model.equations[rows.equations].indices] = True
        found[self.model.implied[rows.implied].indices] = True
        found[self.model.presence[rows.presence].ravel()] = True
        return found

    def _rows_of(self, blocks: Ints) -> RowNumbers:
        nothing = np.zeros(0, dtype=np.int64)
        return RowNumbers(*(np.concatenate([nothing, *(of[block] for block in blocks)]) for of in self._rows))

    def _decide_cells(self, own: Ints, blocks: Ints, values: Ints, work: Work | None) -> None:
        """With everything near its truth, and if nothing fits then with the declared steps."""
        if not own.size:
            return
        free = np.zeros(self.model.size, dtype=bool)
        free[own] = True
        piece, cells = narrowed(self.model, own, touching_rows(self.model, self._rows_of(blocks), free))
        mine, near = picked(self.asked, cells), replace(piece, steps=np.zeros_like(piece.steps))
        hidden = ~piece.published & (np.arange(len(cells)) < len(own))
        ways = [_near_truth(near, mine.truth, hidden), piece] if hidden.any() or piece.steps.any() else [near]
        values[own] = first_found(
            partial(_settled, model, len(own), mine, values[cells], work) for model in ways
        )


def forest(model: Model, asked: Asked, label: Ints) -> list[Tree]:
    """A tree per label [blocks]. Rows and cells are sorted once: a nation has hundreds of trees and millions of rows."""
    count = int(label.max(initial=0)) + 1
    cells = grouped(label[model.block], count)
    rows = (
        grouped(label[model.block_of_rows(model.equations)], count),
        grouped(label[model.block_of_rows(model.implied)], count),
        grouped(label[model.block[model.presence].max(axis=1, initial=0)], count),
    )
    blocks = grouped(label, count)
    return [
        _grown(model, asked, cells[at], RowNumbers(*(of[at] for of in rows)), blocks[at])
        for at in range(count)
    ]


def softened(tree: Tree, model: Model, asked: Asked) -> Tree:
    """The same tree of a model with other bounds, and without the last of the implied counts perhaps."""
    own = tree.cells[: tree.own]
    return _grown(model, asked, own, _kept(tree.rows, model), np.unique(model.block[own]))


def with_totals(model: Model, asked: Asked, tree: Tree, trunk: Tree) -> Tree:
    """The tree with all totals over it, up to the top of the trunk, in its first block; what lies beside them stays as it is.

    `tree`, `trunk`: of `model`, or of one it is softer than (`softened`).
    """
    inside = np.zeros(model.size, dtype=bool)
    inside[tree.cells] = True  # its own, and the totals its rows look at
    free = _upward(trunk.model, inside[trunk.cells])
    totals = trunk.cells[free & (np.arange(len(free)) < trunk.own)]
    of = trunk.model
    every = (np.arange(of.equations.shape[0]), np.arange(of.implied.shape[0]), np.arange(len(of.presence)))
    over = touching_rows(of, RowNumbers(*every), free)
    rows = RowNumbers(
        np.concatenate([trunk.rows.equations[over.equations], tree.rows.equations]),
        np.concatenate([trunk.rows.implied[over.implied], tree.rows.implied]),
        np.concatenate([trunk.rows.presence[over.presence], tree.rows.presence]),
    )
    own = np.concatenate([totals, tree.cells[: tree.own]])
    whole = _grown(model, asked, own, _kept(rows, model), np.unique(model.block[own[len(totals) :]]))
    block = whole.model.block.copy()
    block[: len(totals)] = 0
    return replace(whole, model=replace(whole.model, block=block))


def _grown(model: Model, asked: Asked, own: Ints, rows: RowNumbers, blocks: Ints) -> Tree:
    """Of some blocks, numbered from 0; cells of all others are given."""
    part, cells = narrowed(model, own, rows)
    number = np.full(len(model.parents) + 1, TOP, dtype=np.int64)
    number[blocks] = np.arange(len(blocks))
    inner = replace(part, block=number[model.block[cells]], parents=number[model.parents[blocks]])
    return Tree(cells, len(own), rows, inner, picked(asked, cells))


def _kept(rows: RowNumbers, model: Model) -> RowNumbers:
    return replace(rows, implied=rows.implied[rows.implied < model.implied.shape[0]])


def _upward(model: Model, free: Flags) -> Flags:
    """With the totals over these cells, and what nobody publishes beside those: it gives way first."""
    free, rows = free.copy(), model.equations
    entry = row_of(rows)
    deepest = model.block[rows.indices] == model.block_of_rows(rows)[entry]
    while True:
        # In a sum over regions the parts lie in its deepest block and stand with one sign, the total with the other.
        sign = np.zeros(rows.shape[0], dtype=np.int64)
        part = free[rows.indices] & deepest & model.published[rows.indices]
        sign[entry[part]] = rows.data[part]
        over = (sign[entry] != 0) & ((rows.data == -sign[entry]) | ~model.published[rows.indices])
        more = over & ~free[rows.indices]
        if not more.any():
            return free
        free[rows.indices[more]] = True


def _near_truth(model: Model, truth: Ints, hidden: Flags) -> Model:
    """With what nobody publishes between the neighbours of its truth: a double count or a remainder that is all rounding has
    nobody behind it more often than not, and then the publication has no proof."""
    floor = truth // model.base * model.base
    most = floor + model.base * (truth > floor)
    return replace(
        model,
        lower=np.where(hidden, np.maximum(model.lower, floor), model.lower),
        upper=np.where(hidden, np.minimum(model.upper, most), model.upper),
    )


def _settled(model: Model, own: int, asked: Asked, values: Ints, work: Work | None) -> Ints:
    """Values of the first `own` cells, the targets themselves where they fit."""
    wanted = values.copy()
    wanted[:own] = aim(model, asked)[:own]
    if not _fits(model, wanted, own):
        wanted = round_part(model, np.arange(len(values)) < own, asked, wanted, work)
        if not _fits(model, wanted, own):
            raise Infeasible("what is given contradicts itself")
    return wanted[:own]


def _fits(model: Model, values: Ints, own: int) -> bool:
    part, whole = values[model.presence[:, 0]], values[model.presence[:, 1]]
    return bool(
        not (model.equations @ values).any()
        and ((model.implied @ values) >= 0).all()
        and ((whole > 0) == (part > 0)).all()
        and ((values >= model.lower) & (values <= model.upper))[:own].all()
    )
