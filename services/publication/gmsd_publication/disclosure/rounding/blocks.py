"""Deciding a large model block by block: each with what lies above it given (disclosure.md 5.6).

The blocks of a nation are the country with its provinces, the gemeenten of a province, the wijken of a gemeente, the buurten
of a wijk. A block that cannot be decided under what was decided above it is opened up: together with the totals over it, then
with blocks beside it, until the tree it stands in is decided at once. Everything outside that tree stays as it was.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from gmsd_publication.disclosure.errors import Infeasible, WorkLimit
from gmsd_publication.disclosure.model import TOP, Flags, Ints, Model
from gmsd_publication.disclosure.rounding.nearest import Asked, aim, round_part
from gmsd_publication.disclosure.rounding.program import Work
from gmsd_publication.disclosure.rounding.reach import reach
from gmsd_publication.disclosure.rounding.targets import Targets

BESIDE = (0, 1, 2, 4)
"""How many neighbours are decided anew beside a block that does not fit. One usually mends it. Where four do not, the totals above
are what is in the way, and the whole tree is opened up with them: all neighbours under the same totals took 50 s to no end."""

BLOCK_WORK = Work(nodes=200, rounds=60)
"""Of one block. A block that is not decided in so much is decided sooner with its neighbours: of an hour of a nation's rounding most
went into the proof that the last choice of a few blocks was the best."""

Progress = Callable[[int, int], None]
"""Called with the number of trees done and of all."""


def round_blocks(
    model: Model,
    asked: Asked,
    work: Work | None = None,
    workers: Executor | None = None,
    progress: Progress | None = None,
    softer: Sequence[Model] = (),
) -> Ints:
    """Published values [n]. The same for any number of workers.

    `softer`: the same model with fewer wishes, to open up with what does not fit. Raises Infeasible, WorkLimit, BrokenDecomposition.
    """
    work = work or BLOCK_WORK
    model.check()
    models = [_within_reach(one, asked) for one in (model, *softer)]
    model = models[0]
    depth = depths(model.parents)
    cut = max(1, int(depth.max(initial=0)) - 1)
    trunk, *trees = _forest(model, asked, _labels(model.parents, depth, cut))
    values = aim(model, asked)
    values[trunk.cells[: trunk.own]] = trunk.decide(values[trunk.cells], work)
    closed = []
    for done, (tree, decided) in enumerate(_decided(trees, values, work, workers), start=1):
        if decided is None:
            closed.append(tree)
        else:
            values[tree.cells[: tree.own]] = decided
        if progress is not None:
            progress(done, len(trees))
    # In a fixed order, whichever worker was first: each changes totals that the next one meets.
    for tree in sorted(closed, key=lambda tree: int(tree.cells[0])):
        tree.reopen(models, asked, values, work)
    return values


def _within_reach(model: Model, asked: Asked) -> Model:
    low, high = reach(model, asked)
    return replace(model, lower=np.maximum(model.lower, low), upper=np.minimum(model.upper, high))


def _decided(
    trees: Sequence["_Tree"], values: Ints, work: Work | None, workers: Executor | None
) -> Iterator[tuple["_Tree", Ints | None]]:
    """Each tree with the values of its own cells; None when nothing fits under what was decided above it."""
    if workers is None:
        for tree in trees:
            yield tree, tree.attempt(values[tree.cells], work)
        return
    # The largest first: a city that comes last would leave the other workers idle.
    order = sorted(trees, key=lambda tree: -tree.own)
    running = {workers.submit(tree.attempt, values[tree.cells], work): tree for tree in order}
    for future in as_completed(running):
        yield running[future], future.result()


@dataclass(frozen=True)
class _Tree:
    """Blocks that lie in one another, on their own, renumbered from 0. The first `own` of its cells are decided here."""

    cells: Ints
    own: int
    model: Model
    asked: Asked

    def decide(self, values: Ints, work: Work | None) -> Ints:
        """Values of the own cells, block after block; `values` of the others are given. Raises Infeasible, WorkLimit."""
        values = values.copy()
        for block in range(len(self.model.parents)):
            self._decide_block(block, values, work)
        return values[: self.own]

    def attempt(self, values: Ints, work: Work | None) -> Ints | None:
        """`decide`, or None."""
        try:
            return self.decide(values, work)
        except (Infeasible, WorkLimit):
            return None

    def reopen(self, models: Sequence[Model], asked: Asked, values: Ints, work: Work | None) -> None:
        """Decide the tree together with the totals over it, all the way up; what lies beside it stays. Changes `values`.

        By the first of `models` that lets it. Raises Infeasible, WorkLimit.
        """
        refused: Infeasible | WorkLimit | None = None
        for model in models:
            free = np.zeros(model.size, dtype=bool)
            free[self.cells] = True  # its own, and the totals its rows look at
            every = np.ones(len(model.parents), dtype=bool)
            try:
                _first_that_fits(model, [(_upward(model, free), every)], asked, values, work)
                return
            except (Infeasible, WorkLimit) as refusal:
                refused = refusal
        if refused is not None:
            raise refused

    def _decide_block(self, block: int, values: Ints, work: Work | None) -> None:
        own = self.model.block == block
        if own.any():
            _first_that_fits(self.model, self._attempts(block, own), self.asked, values, work)

    def _attempts(self, block: int, own: Flags) -> Iterator[tuple[Flags, Flags]]:
        """Which cells to decide: those of the block; then with the totals over them, and with more and more of what lies beside.

        And which blocks' rows hold: those that were decided before, and these.
        """
        blocks = np.arange(len(self.model.parents))
        yield own, blocks == block
        parent = int(self.model.parents[block])
        if parent == TOP:
            return
        beside = [int(other) for other in np.flatnonzero(self.model.parents == parent) if other != block]
        beside.sort(key=lambda other: -int(self.asked.truth[self.model.block == other].sum()))
        inside = np.arange(self.model.size) < self.own
        for count in sorted({min(count, len(beside)) for count in BESIDE}):
            opened = np.isin(blocks, [block, *beside[:count]])
            yield _upward(self.model, opened[self.model.block]) & inside, opened | (blocks < block)


def _first_that_fits(
    model: Model, attempts: Iterable[tuple[Flags, Flags]], asked: Asked, values: Ints, work: Work | None
) -> None:
    """Decide the first of some sets of cells that can be: with everything near its truth, then with the declared steps."""
    refused: Infeasible | WorkLimit | None = None
    for free, blocks in attempts:
        own = np.flatnonzero(free)
        rows = [
            one[np.flatnonzero(_touching(one, free) & blocks[model.block_of_rows(one)])]
            for one in (model.equations, model.implied)
        ]
        touched = free[model.presence].any(axis=1) & blocks[model.block[model.presence].max(axis=1)]
        piece, cells = narrowed(model, own, rows[0], rows[1], model.presence[touched])
        for rules in (_near(piece, asked.truth[cells], len(own)), piece):
            try:
                _settle((rules, cells, len(own)), asked, values, work)
                return
            except (Infeasible, WorkLimit) as refusal:
                refused = refusal
    if refused is not None:
        raise refused


def _upward(model: Model, free: Flags) -> Flags:
    """With the totals over these cells, and what nobody publishes beside those: it gives way first."""
    free, rows = free.copy(), model.equations
    entry = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
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


def _near(model: Model, truth: Ints, own: int) -> Model:
    """Without steps, and what nobody publishes beside its truth too: a double count or a remainder that is all rounding has
    nobody behind it more often than not, and then the publication has no proof."""
    floor = truth // model.base * model.base
    hidden = ~model.published & (np.arange(model.size) < own)
    return replace(
        model,
        steps=np.zeros_like(model.steps),
        lower=np.where(hidden, np.maximum(model.lower, floor), model.lower),
        upper=np.where(hidden, np.minimum(model.upper, floor + model.base * (truth > floor)), model.upper),
    )


def _settle(piece: tuple[Model, Ints, int], asked: Asked, values: Ints, work: Work | None) -> None:
    model, cells, own = piece
    mine = picked(asked, cells)
    wanted = values[cells]
    wanted[:own] = aim(model, mine)[:own]
    if not _fits(model, wanted, own):
        wanted = round_part(model, np.arange(len(cells)) < own, mine, wanted, work)
    values[cells[:own]] = wanted[:own]


def _fits(model: Model, values: Ints, own: int) -> bool:
    part, whole = values[model.presence[:, 0]], values[model.presence[:, 1]]
    return bool(
        not (model.equations @ values).any()
        and ((model.implied @ values) >= 0).all()
        and ((whole > 0) == (part > 0)).all()
        and ((values >= model.lower) & (values <= model.upper))[:own].all()
    )


def _touching(rows: sp.csr_array, cells: Flags) -> Flags:
    entry = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    found: Flags = np.bincount(entry, weights=cells[rows.indices], minlength=rows.shape[0]) > 0
    return found


def narrowed(
    model: Model, own: Ints, equations: sp.csr_array, implied: sp.csr_array, presence: Ints
) -> tuple[Model, Ints]:
    """The model of some rows: its own cells first, then the others these rows look at; and which cells those are."""
    seen = np.concatenate([equations.indices, implied.indices, presence.ravel()]).astype(np.int64)
    number = np.full(model.size, -1, dtype=np.int64)
    number[own] = np.arange(len(own))
    others = np.unique(seen[number[seen] < 0])
    number[others] = len(own) + np.arange(len(others))
    cells = np.concatenate([own, others])

    def local(rows: sp.csr_array) -> sp.csr_array:
        return sp.csr_array((rows.data, number[rows.indices], rows.indptr), shape=(rows.shape[0], len(cells)))

    return Model(
        names=(), base=model.base[cells], published=model.published[cells], steps=model.steps[cells],
        lower=model.lower[cells], upper=model.upper[cells],
        equations=local(equations), equation_names=(), implied=local(implied), implied_names=(),
        presence=number[presence], block=np.zeros(len(cells), dtype=np.int64), parents=np.array([TOP]),
    ), cells  # fmt: skip


def picked(asked: Asked, cells: Ints) -> Asked:
    """The part of what is asked that concerns some cells."""
    aims = Targets(asked.targets.up[cells], asked.targets.cost[cells])
    return Asked(asked.truth[cells], aims, asked.fixed[cells], asked.given[cells])


def depths(parents: Ints) -> Ints:
    """How many blocks each block lies in."""
    depth = np.zeros(len(parents), dtype=np.int64)
    for block, parent in enumerate(parents):
        depth[block] = 0 if parent == TOP else depth[parent] + 1
    return depth


def _labels(parents: Ints, depth: Ints, cut: int) -> Ints:
    """[blocks] 0 of the trunk, above the cut, and 1, 2, … of each tree below it, in the order of their first blocks."""
    root = np.arange(len(parents))
    for block in np.flatnonzero(depth > cut):
        root[block] = root[parents[block]]
    label = np.zeros(len(parents), dtype=np.int64)
    below = depth >= cut
    label[below] = 1 + np.unique(root[below], return_inverse=True)[1]
    return label


def _forest(model: Model, asked: Asked, label: Ints) -> list[_Tree]:
    """A tree per label. Rows and cells are sorted once: a nation has hundreds of trees and millions of rows."""
    count = int(label.max(initial=0)) + 1
    cells = _grouped(label[model.block], count)
    equations = _grouped(label[model.block_of_rows(model.equations)], count)
    implied = _grouped(label[model.block_of_rows(model.implied)], count)
    pairs = _grouped(label[model.block[model.presence].max(axis=1)], count)
    blocks = _grouped(label, count)
    found = []
    for at in range(count):
        part, seen = narrowed(
            model,
            cells[at],
            model.equations[equations[at]],
            model.implied[implied[at]],
            model.presence[pairs[at]],
        )
        number = np.full(len(label) + 1, TOP, dtype=np.int64)
        number[blocks[at]] = np.arange(len(blocks[at]))
        inner = replace(part, block=number[model.block[seen]], parents=number[model.parents[blocks[at]]])
        found.append(_Tree(seen, len(cells[at]), inner, picked(asked, seen)))
    return found


def _grouped(label: Ints, count: int) -> list[Ints]:
    """Per label the positions that have it, ascending."""
    order = np.argsort(label, kind="stable")
    return np.split(order, np.searchsorted(label[order], np.arange(1, count)))
