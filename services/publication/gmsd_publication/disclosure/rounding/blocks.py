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
"""How many neighbours are decided anew beside a block that does not fit. One usually mends it; the last resort is all of them."""

Progress = Callable[[int, int], None]
"""Called with the number of trees done and of all."""


def round_blocks(
    model: Model,
    asked: Asked,
    work: Work | None = None,
    workers: Executor | None = None,
    progress: Progress | None = None,
) -> Ints:
    """Published values [n]. The same for any number of workers. Raises Infeasible, WorkLimit, BrokenDecomposition."""
    model.check()
    bounds = reach(model, asked)
    model = replace(model, lower=np.maximum(model.lower, bounds[0]), upper=np.minimum(model.upper, bounds[1]))
    depth = depths(model.parents)
    cut = max(1, int(depth.max(initial=0)) - 1)
    top = np.flatnonzero(depth < cut)
    trunk = _Tree.of(model, asked, top)
    values = aim(model, asked)
    values[trunk.cells[: trunk.own]] = trunk.decide(values[trunk.cells], work)
    trees = [_Tree.of(model, asked, blocks) for blocks in _subtrees(model.parents, depth, cut)]
    for done, (tree, decided) in enumerate(_decided(trees, values, work, workers), start=1):
        values[tree.cells[: tree.own]] = decided
        if progress is not None:
            progress(done, len(trees))
    return values


def _decided(
    trees: Sequence["_Tree"], values: Ints, work: Work | None, workers: Executor | None
) -> Iterator[tuple["_Tree", Ints]]:
    if workers is None:
        for tree in trees:
            yield tree, tree.decide(values[tree.cells], work)
        return
    # The largest first: a city that comes last would leave the other workers idle.
    order = sorted(trees, key=lambda tree: -tree.own)
    running = {workers.submit(tree.decide, values[tree.cells], work): tree for tree in order}
    for future in as_completed(running):
        yield running[future], future.result()


@dataclass(frozen=True)
class _Tree:
    """Blocks that lie in one another, on their own, renumbered from 0. The first `own` of its cells are decided here."""

    cells: Ints
    own: int
    model: Model
    asked: Asked

    @classmethod
    def of(cls, model: Model, asked: Asked, blocks: Ints) -> "_Tree":
        chosen = np.zeros(len(model.parents), dtype=bool)
        chosen[blocks] = True
        own = np.flatnonzero(chosen[model.block])
        number = np.full(len(model.parents) + 1, TOP, dtype=np.int64)
        number[blocks] = np.arange(len(blocks))
        part, cells = narrowed(
            model, own,
            model.equations[np.flatnonzero(chosen[model.block_of_rows(model.equations)])],
            model.implied[np.flatnonzero(chosen[model.block_of_rows(model.implied)])],
            model.presence[chosen[model.block[model.presence].max(axis=1)]],
        )  # fmt: skip
        inner = replace(part, block=number[model.block[cells]], parents=number[model.parents[blocks]])
        return cls(cells, len(own), inner, picked(asked, cells))

    def decide(self, values: Ints, work: Work | None) -> Ints:
        """Values of the own cells, block after block; `values` of the others are given. Raises Infeasible, WorkLimit."""
        values = values.copy()
        for block in range(len(self.model.parents)):
            self._decide_block(block, values, work)
        return values[: self.own]

    def _decide_block(self, block: int, values: Ints, work: Work | None) -> None:
        for blocks, free, steps in self._attempts(block):
            if not free.any():
                return
            try:
                _settle(self._rows_of(blocks, free, steps), self.asked, values, work)
                return
            except (Infeasible, WorkLimit) as refused:
                last = refused
        raise last

    def _attempts(self, block: int) -> Iterator[tuple[list[int], Flags, bool]]:
        """Blocks whose rows count, cells to decide, and whether totals may step: the narrowest first."""
        own = self.model.block == block
        yield [block], own, False
        yield [block], own, True
        parent = int(self.model.parents[block])
        if parent == TOP:
            return
        beside = [other for other in np.flatnonzero(self.model.parents == parent) if other != block]
        beside.sort(key=lambda other: -int(self.asked.truth[self.model.block == other].sum()))
        for count in sorted({min(count, len(beside)) for count in (*BESIDE, len(beside))}):
            blocks = [block, *(int(other) for other in beside[:count])]
            free = np.isin(self.model.block, blocks) | self._totals(blocks, parent)
            yield [*blocks, parent], free, False
            yield [*blocks, parent], free, True

    def _totals(self, blocks: Sequence[int], parent: int) -> Flags:
        """What stands directly over these blocks, and what nobody publishes there: it gives way first."""
        rows = self.model.equations
        over = np.unique(rows[np.flatnonzero(np.isin(self.model.block_of_rows(rows), blocks))].indices)
        found: Flags = (self.model.block == parent) & ~self.model.published
        found[over[self.model.block[over] == parent]] = True
        return found

    def _rows_of(self, blocks: Sequence[int], free: Flags, steps: bool) -> tuple[Model, Ints, int]:
        model = self.model
        part, cells = narrowed(
            model, np.flatnonzero(free),
            model.equations[np.flatnonzero(np.isin(model.block_of_rows(model.equations), blocks))],
            model.implied[np.flatnonzero(np.isin(model.block_of_rows(model.implied), blocks))],
            model.presence[np.isin(model.block[model.presence].max(axis=1), blocks)],
        )  # fmt: skip
        own = int(free.sum())
        return (part if steps else _near(part, self.asked.truth[cells], own)), cells, own


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


def _subtrees(parents: Ints, depth: Ints, cut: int) -> Iterable[Ints]:
    root = np.arange(len(parents))
    for block in np.flatnonzero(depth > cut):
        root[block] = root[parents[block]]
    below = np.flatnonzero(depth >= cut)
    order = below[np.argsort(root[below], kind="stable")]
    edges = np.flatnonzero(np.diff(root[order])) + 1
    return [group for group in np.split(order, edges) if group.size]
