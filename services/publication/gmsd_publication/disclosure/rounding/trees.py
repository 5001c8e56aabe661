"""Blocks that lie in one another, decided one after the other, each with what lies above it given (disclosure.md 5.6)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from gmsd_publication.disclosure.errors import Infeasible, WorkLimit
from gmsd_publication.disclosure.model import TOP, Flags, Ints, Model
from gmsd_publication.disclosure.rounding.chains import chained
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

BACK = (0, 1, 2, 4, 8, 16, 32)
"""How many blocks decided before are decided anew with a block that does not fit. Sixteen and more are for the last of a city's fifty
wijken, which have to take what is left; below that the totals above are what is in the way."""
SMALL = 2_000
"""Cells that are decided at once: an integer program of at most some seconds."""
LAST_RESORT = 3 * LARGE
"""Cells decided at once where nothing less fits, even with the totals free: by searching, some seconds for each thousand."""
NEAR_LEFT, FAR_LEFT = (0, 1), 2
"""How many steps what is left over may be beyond its truth: when all else takes none, and when totals may step."""


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
        if self.own <= SMALL:
            return self._walked(values, work, LARGE, self._once, self.asked)
        return self._walked(values, work, LARGE, *chained(self.model, self.asked))

    def decide_in_the_end(self, values: Ints, work: Work | None) -> Ints:
        """The same with all we have: without a chain, all parts of a total at once and more cells at a time; and everything at once."""
        # More cells at a time are of no use to a chain: what is left is in its way, and 15,000 cells take a minute to say so.
        shapes = [
            (LARGE, *chained(self.model, self.asked)),
            (LAST_RESORT, self.model, self.asked),
            (LAST_RESORT, self._once, self.asked),
        ]
        shapes = shapes[::-1] if self.own <= SMALL else shapes
        refused: Infeasible | WorkLimit | None = None
        for most, model, asked in shapes if self.own <= LAST_RESORT else shapes[:-1]:
            try:
                return self._walked(values, work, most, model, asked)
            except (Infeasible, WorkLimit) as refusal:
                refused = refusal
        raise refused or Infeasible("there is nothing to decide")

    @property
    def _once(self) -> Model:
        return replace(self.model, block=np.minimum(self.model.block, 0), parents=np.array([TOP]))

    def _walked(self, values: Ints, work: Work | None, most: int, model: Model, asked: Asked) -> Ints:
        walk = _Walk(self.model.size, most, model, asked)
        wide = np.concatenate([values, np.zeros(walk.model.size - len(values), dtype=np.int64)])
        for block in range(len(walk.model.parents)):
            walk.decide(block, wide, work)
        return wide[: self.own]

    def attempt(self, values: Ints, work: Work | None) -> Ints | None:
        """`decide`, or None."""
        try:
            return self.decide(values, work)
        except (Infeasible, WorkLimit):
            return None

    def attempt_in_the_end(self, values: Ints, work: Work | None) -> Ints | None:
        """`decide_in_the_end`, or None."""
        try:
            return self.decide_in_the_end(values, work)
        except (Infeasible, WorkLimit):
            return None

    def fits(self, values: Ints) -> bool:
        """Whether values of its cells obey its rows, and its own cells their bounds."""
        return _fits(self.model, values, self.own)


class _Walk:
    """Deciding the blocks of a tree in turn, `most` cells at a time. `size`: cells from there on are what is left over after a link."""

    def __init__(self, size: int, most: int, model: Model, asked: Asked) -> None:
        self.size, self.most, self.model, self.asked = size, most, model, asked
        own = (
            model.block_of_rows(model.equations),
            model.block_of_rows(model.implied),
            model.block[model.presence].max(axis=1, initial=TOP),
        )
        self._rows = [grouped(of, len(model.parents)) for of in own]

    def decide(self, block: int, values: Ints, work: Work | None) -> None:
        """Changes `values` [n]. Raises Infeasible, WorkLimit."""
        refused: Infeasible | WorkLimit | None = None
        for free, blocks in self._attempts(block):
            try:
                self._decide_cells(np.flatnonzero(free), blocks, values, work)
            except (Infeasible, WorkLimit) as refusal:
                refused = refusal
            else:
                return
        if refused is not None:
            raise refused

    def _attempts(self, block: int) -> Iterator[tuple[Flags, Ints]]:
        """Which cells to decide, and which blocks' rows hold: those of the block; then with whatever of its parent can still give
        way, because nothing else was decided under it; then with more and more of what was decided before, in the same way."""
        model = self.model
        within = model.block != TOP
        yield model.block == block, np.array([block])
        for back in sorted({min(back, block) for back in BACK}) if block else ():
            opened = np.arange(block - back, block + 1)
            above = np.setdiff1d(model.parents[opened], [TOP, *opened])
            settled = self._looked_at(np.setdiff1d(np.arange(block - back), above))
            free = within & (np.isin(model.block, opened) | (np.isin(model.block, above) & ~settled))
            if free.sum() > self.most:
                return
            yield free, np.concatenate([above, opened])

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
        mine = picked(self.asked, cells)
        left, hidden = cells >= self.size, ~piece.published & (np.arange(len(cells)) < len(own))
        near = replace(piece, steps=np.zeros_like(piece.steps))
        attempts = [_within(near, mine.truth, hidden, steps * left) for steps in NEAR_LEFT]
        far = _within(piece, mine.truth, left, FAR_LEFT * left)
        refused: Infeasible | WorkLimit | None = None
        # Without anything left over or hidden the first attempts are one.
        for model in [*attempts[not left.any() :], far] if hidden.any() or piece.steps.any() else [near]:
            try:
                values[own] = _settled(model, len(own), mine, values[cells], work)
            except (Infeasible, WorkLimit) as refusal:
                refused = refusal
            else:
                return
        if refused is not None:
            raise refused


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
    found = []
    for at in range(count):
        numbers = RowNumbers(*(of[at] for of in rows))
        part, seen = narrowed(model, cells[at], numbers)
        inner = _in_blocks(model, part, seen, blocks[at])
        found.append(Tree(seen, len(cells[at]), numbers, inner, picked(asked, seen)))
    return found


def with_totals(model: Model, asked: Asked, tree: Tree, trunk: Tree) -> Tree:
    """The tree with all totals over it, up to the top of the trunk, in its first block; what lies beside them stays as it is."""
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
    part, seen = narrowed(model, own, rows)
    inner = _in_blocks(model, part, seen, np.unique(model.block[tree.cells[: tree.own]]))
    block = inner.block.copy()
    block[: len(totals)] = 0
    return Tree(seen, len(own), rows, replace(inner, block=block), picked(asked, seen))


def _in_blocks(model: Model, part: Model, cells: Ints, blocks: Ints) -> Model:
    """A part of a model with some of its blocks, numbered from 0; cells of all others are given."""
    number = np.full(len(model.parents) + 1, TOP, dtype=np.int64)
    number[blocks] = np.arange(len(blocks))
    return replace(part, block=number[model.block[cells]], parents=number[model.parents[blocks]])


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


def _within(model: Model, truth: Ints, cells: Flags, steps: Ints) -> Model:
    """With some cells at most so many steps beyond the neighbours of their truth.

    For what nobody publishes: a double count or a remainder that is all rounding has nobody behind it more often than not, and then
    the publication has no proof; what is left over and far from its truth leaves what comes last no choice.
    """
    floor = truth // model.base * model.base
    least, most = floor - model.base * steps, floor + model.base * ((truth > floor) + steps)
    return replace(
        model,
        lower=np.where(cells, np.maximum(model.lower, least), model.lower),
        upper=np.where(cells, np.minimum(model.upper, most), model.upper),
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
