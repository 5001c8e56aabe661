"""Deciding a large model block by block: each with what lies above it given (disclosure.md 5.6).

The blocks of a nation are the country with its provinces, the gemeenten of a province, the wijken of a gemeente, the buurten
of a wijk. The first two are the trunk, decided first; the last two a tree per gemeente, decided side by side. A tree that
does not fit under the trunk is decided again together with the totals over it, also side by side: all move those totals from where
they were, so together they move them by the sum. All other trees stay as they were.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import replace
from functools import lru_cache

import numpy as np

from gmsd_publication.disclosure.errors import Infeasible, WorkLimit
from gmsd_publication.disclosure.model import TOP, Ints, Model
from gmsd_publication.disclosure.rounding.nearest import Asked, aim
from gmsd_publication.disclosure.rounding.program import Work
from gmsd_publication.disclosure.rounding.reach import reach
from gmsd_publication.disclosure.rounding.trees import Tree, forest, with_totals

BLOCK_WORK = Work(nodes=200, rounds=60, sparing=True)
"""Of one block. A block that is not decided in so much is decided sooner with its neighbours: of an hour of a nation's rounding most
went into the proof that the last choice of a few blocks was the best."""

Attempt = Callable[[Ints, Work | None], Ints | None]
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

    `softer`: the same model with fewer wishes, for trees that do not fit. Raises Infeasible, WorkLimit, BrokenDecomposition.
    """
    work = work or BLOCK_WORK
    model.check()
    models, label = (model, *softer), _labels(model.parents)

    @lru_cache(maxsize=2)
    def grown(number: int) -> tuple[Model, list[Tree]]:
        within = _within_reach(models[number], asked)
        return within, forest(within, asked, label)

    within, (trunk, *trees) = grown(0)
    values = aim(model, asked)
    values[trunk.cells[: trunk.own]] = trunk.decide_in_the_end(values[trunk.cells], work)
    closed, done = [], 0

    def tell(decided: bool) -> None:
        nonlocal done
        done += decided
        if progress is not None:
            progress(done, len(trees))

    for at, decided in _decided([tree.attempt for tree in trees], trees, values, work, workers):
        if decided is None:
            closed.append(at)
        else:
            values[trees[at].cells[: trees[at].own]] = decided
        tell(decided is not None)
    # In a fixed order, whichever worker was first: each changes totals that the next one meets.
    closed.sort()
    wholes = [with_totals(within, asked, trees[at], trunk) for at in closed]
    opened: dict[int, Ints | None] = {}
    for number, decided in _decided(
        [whole.attempt_in_the_end for whole in wholes], wholes, values, work, workers
    ):
        opened[number] = decided
        tell(decided is not None)
    before = values.copy()
    for number, at in enumerate(closed):
        merged = _merged(trunk, wholes[number], trees[at].own, opened[number], before, values)
        if merged is None:
            _reopen(at, len(models), grown, asked, values, work)
            tell(opened[number] is None)
        else:
            values = merged
    return values


def _merged(
    trunk: Tree, whole: Tree, own: int, decided: Ints | None, before: Ints, values: Ints
) -> Ints | None:
    """Values [n] with a tree that was decided together with the totals over it while others were: those move by as much as they
    moved there. What adds up still does; None when something else no longer holds."""
    if decided is None:
        return None
    cells = whole.cells[: whole.own]
    totals = cells[: whole.own - own]
    values = values.copy()
    moved = decided[: len(totals)] - before[totals]
    values[cells] = np.concatenate([values[totals] + moved, decided[len(totals) :]])
    return values if trunk.fits(values[trunk.cells]) else None


def _reopen(
    at: int,
    count: int,
    grown: Callable[[int], tuple[Model, list[Tree]]],
    asked: Asked,
    values: Ints,
    work: Work,
) -> None:
    """Decide a tree together with the totals over it, all the way up, by the first of the models that lets it. Changes `values`.

    Raises Infeasible, WorkLimit.
    """
    refused: Infeasible | WorkLimit | None = None
    for number in range(count):
        model, (trunk, *trees) = grown(number)
        whole = with_totals(model, asked, trees[at], trunk)
        try:
            values[whole.cells[: whole.own]] = whole.decide_in_the_end(values[whole.cells], work)
        except (Infeasible, WorkLimit) as refusal:
            refused = refusal
        else:
            return
    if refused is not None:
        raise refused


def _within_reach(model: Model, asked: Asked) -> Model:
    low, high = reach(model, asked)
    return replace(model, lower=np.maximum(model.lower, low), upper=np.minimum(model.upper, high))


def _decided(
    attempts: Sequence[Attempt], trees: Sequence[Tree], values: Ints, work: Work, workers: Executor | None
) -> Iterator[tuple[int, Ints | None]]:
    """Number of each tree with the values of its own cells; None when nothing fits under what was decided above it."""
    if workers is None:
        for at, tree in enumerate(trees):
            yield at, attempts[at](values[tree.cells], work)
        return
    # The largest first: a city that comes last would leave the other workers idle.
    order = sorted(range(len(trees)), key=lambda at: -trees[at].own)
    running = {workers.submit(attempts[at], values[trees[at].cells], work): at for at in order}
    for future in as_completed(running):
        yield running[future], future.result()


def _labels(parents: Ints) -> Ints:
    """[blocks] 0 of the trunk, and 1, 2, … of each tree (the two deepest levels), in the order of their first blocks."""
    depth, root = np.zeros(len(parents), dtype=np.int64), np.arange(len(parents))
    for block, parent in enumerate(parents.tolist()):
        depth[block] = 0 if parent == TOP else depth[parent] + 1
    cut = max(1, int(depth.max(initial=0)) - 1)
    for block in np.flatnonzero(depth > cut).tolist():
        root[block] = root[parents[block]]
    label = np.zeros(len(parents), dtype=np.int64)
    below = depth >= cut
    label[below] = 1 + np.unique(root[below], return_inverse=True)[1]
    return label
