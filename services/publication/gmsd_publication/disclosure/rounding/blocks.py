"""Deciding a large model block by block: each with what lies above it given (disclosure.md 5.6).

The blocks of a nation are the country with its provinces, the gemeenten of a province, the wijken of a gemeente, the buurten
of a wijk. The first two are the trunk, decided first; the last two a tree per gemeente, decided side by side. A tree that
does not fit under the trunk is decided again together with the totals over it, also side by side: all move those totals from where
they were, so together they move them by the sum. All other trees stay as they were.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import replace
from functools import cache, partial

import numpy as np

from gmsd_publication.disclosure.model import TOP, Ints, Model
from gmsd_publication.disclosure.rounding.attempts import first_found
from gmsd_publication.disclosure.rounding.nearest import Asked, aim
from gmsd_publication.disclosure.rounding.program import Work
from gmsd_publication.disclosure.rounding.reach import reach
from gmsd_publication.disclosure.rounding.trees import Tree, forest, softened, with_totals

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

    `softer`: the same model with wider bounds and without the last of its implied counts, for trees that do not fit.
    Raises Infeasible, WorkLimit, BrokenDecomposition.
    """
    work = work or BLOCK_WORK
    model.check()
    if any(not _softer(one, model) for one in softer):
        raise ValueError("a softer model has the same rows, but for the last of the implied counts")
    trunk, *trees = forest(_within_reach(model, asked), asked, _labels(model.parents))
    values = aim(model, asked)
    values[trunk.cells[: trunk.own]] = trunk.decide_in_the_end(values[trunk.cells], work)
    closed, done = [], 0

    def tell(*, decided: bool) -> None:
        nonlocal done
        done += decided
        if progress is not None:
            progress(done, len(trees))

    for at, decided in _decided([tree.attempt for tree in trees], trees, values, work, workers):
        if decided is None:
            closed.append(at)
        else:
            values[trees[at].cells[: trees[at].own]] = decided
        tell(decided=decided is not None)
    # In a fixed order, whichever worker was first: each changes totals that the next one meets.
    closed.sort()
    above = _Above((model, *softer), asked, trunk, trees)
    # Once more side by side is of no use: of 31 nationwide 5 fitted then, and one by one they take as long together.
    for at in above.decide(closed, values, work, workers, tell):
        above.reopen(at, values, work)
        tell(decided=True)
    return values


class _Above:
    """Deciding trees together with the totals over them, all the way up, each by the strictest of some models that lets it."""

    def __init__(self, models: Sequence[Model], asked: Asked, trunk: Tree, trees: Sequence[Tree]) -> None:
        self.models, self.asked, self.trees, self._strict = models, asked, trees, trunk
        self.softest = 0
        """Of the models that were needed: what holds of all that was decided."""
        within = cache(lambda number: _within_reach(models[number], asked))
        self._within, self._trunk = within, cache(lambda number: softened(trunk, within(number), asked))

    def decide(
        self,
        closed: Sequence[int],
        values: Ints,
        work: Work,
        workers: Executor | None,
        tell: Callable[..., None],
    ) -> list[int]:
        """Side by side, each as if nothing else moved, so together they move the totals by the sum. Changes `values`; the trees that
        no longer fit beside those before them."""
        wholes = [self._whole(0, at) for at in closed]
        attempts = [whole.attempt_in_the_end for whole in wholes]
        before, left = values.copy(), []
        for number, decided in sorted(_decided(attempts, wholes, values, work, workers)):
            at = closed[number]
            if decided is None:
                self.reopen(at, values, work, refused=1)
            elif not self._added(wholes[number], self.trees[at].own, decided, before, values):
                left.append(at)
                continue
            tell(decided=True)
        return left

    def reopen(self, at: int, values: Ints, work: Work, refused: int = 0) -> None:
        """By itself; changes `values`. `refused`: models that did not let it. Raises Infeasible, WorkLimit."""
        numbers = range(min(refused, len(self.models) - 1), len(self.models))
        number, whole, decided = first_found(
            partial(self._opened, number, at, values, work) for number in numbers
        )
        values[whole.cells[: whole.own]] = decided
        self.softest = max(self.softest, number)

    def _opened(self, number: int, at: int, values: Ints, work: Work) -> tuple[int, Tree, Ints]:
        whole = self._whole(number, at)
        return number, whole, whole.decide_in_the_end(values[whole.cells], work)

    def _whole(self, number: int, at: int) -> Tree:
        return with_totals(self._within(number), self.asked, self.trees[at], self._strict)

    def _added(self, whole: Tree, own: int, decided: Ints, before: Ints, values: Ints) -> bool:
        """Whether everything still holds with what the totals moved by added to what others moved them by; changes `values` if so."""
        cells, totals = whole.cells[: whole.own], whole.own - own
        was = values[cells]
        values[cells] = decided
        values[cells[:totals]] += was[:totals] - before[cells[:totals]]
        trunk = self._trunk(self.softest)
        if trunk.fits(values[trunk.cells]):
            return True
        values[cells] = was
        return False


def _softer(one: Model, model: Model) -> bool:
    return bool(
        one.equations.shape == model.equations.shape
        and one.presence.shape == model.presence.shape
        and one.implied.shape[0] <= model.implied.shape[0]
        and (one.upper >= model.upper).all()
        and (one.lower <= model.lower).all()
    )


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
