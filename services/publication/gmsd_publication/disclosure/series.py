"""Releases over time: what did not change keeps its figure, what did is targeted again from its permanent number.

Why not "a figure stays as long as the truth lies in its window" (disclosure.md 5.7)? Because a reader who knows that rule learns
from every figure that moves: 5 → 0 says that the truth left 1..9 and is 0 exactly, 0 → 5 that it is 5..9. A figure targeted from
the same permanent number moves for any change that crosses the number, so all of 0..4 and of 1..9 stay possible.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from gmsd_publication.disclosure.errors import Infeasible, InputInvalid, WorkLimit
from gmsd_publication.disclosure.model import UNBOUNDED, Flags, Ints, Model
from gmsd_publication.disclosure.rounding.nearest import Asked, round_whole
from gmsd_publication.disclosure.rounding.program import Work
from gmsd_publication.disclosure.rounding.targets import Targets

MARGIN_STEPS = (1, 2)
"""K of margins in a later release, tried in turn. What is *declared* is the last, always: that the first did not do would tell
something of the truth, and in the worlds by which the proof explains a publication the first always does. Two cells that change
under one margin can leave it 12 from its count beside kept figures: of 40 series of three releases of z3 with 1 % corrected, one
needed K = 2. A publisher who would rather hold that release passes (1,)."""

Rounding = Callable[[Model, Asked, Work | None], Ints]
"""A way to round a release."""

Star = tuple[list[int], list[int]]
"""Lowest cells of an earlier and of a later release that hold the same people: one of them on one side at least."""


@dataclass(frozen=True, eq=False)
class Previous:
    """What went out before of the new release's lowest cells. Row g: the cells that together were figure g; usually one cell.

    `parts` [g, n]: 1 for the cells of the new release (several where a region was split). `publication` [g]: what they were
    published as. `truth` [g]: what they counted; None when that snapshot has expired. `spread` [g]: of how many earlier cells
    that is the sum (several where regions merged; their errors add up, so the new cell needs K = spread − 1).
    """

    parts: sp.csr_array
    publication: Ints
    truth: Ints | None
    spread: Ints


@dataclass(frozen=True, eq=False)
class Again:
    """A later release: `publication` [n] and `model`, the one asked with the steps K declared for it."""

    model: Model
    publication: Ints


def lowest(model: Model) -> Flags:
    """[n] published cells that are no sum of published cells: the finest of a plain table, of patterns their counts."""
    rows = model.equations
    hidden = sp.csr_array(abs(rows)) @ (~model.published).astype(np.int64)
    return replace(model, equations=rows[np.flatnonzero(hidden == 0)]).finest & model.published


def stars(earlier: Model, later: Model, became: Iterable[tuple[str, str]] = ()) -> list[Star]:
    """Which lowest cells are the same: those of one name, and (earlier, later) names of regions that merged or were split.

    Raises InputInvalid: an unknown name, or regions that were regrouped so that no figure on either side is a sum of the other's.
    """
    old = {earlier.names[i]: i for i in np.flatnonzero(lowest(earlier)).tolist()}
    new = {later.names[i]: i for i in np.flatnonzero(lowest(later)).tolist()}
    pairs = {(name, name) for name in old if name in new} | set(became)
    forward: dict[str, list[str]] = {}
    backward: dict[str, list[str]] = {}
    for one, other in sorted(pairs):
        if one not in old or other not in new:
            raise InputInvalid(f"{one} became {other}: not a lowest cell of both releases")
        forward.setdefault(one, []).append(other)
        backward.setdefault(other, []).append(one)
    found: list[Star] = []
    for one, others in forward.items():
        sharing = backward[others[0]]
        if any(len(backward[other]) > 1 for other in others) and len(others) > 1:
            raise InputInvalid(f"{one} was split over regions that others joined: start a new series")
        if one == sharing[0]:
            found.append(([old[each] for each in sharing], [new[other] for other in others]))
    return found


def previous(
    model: Model,
    earlier: Model,
    publication: Ints,
    truth: Ints | None,
    became: Iterable[tuple[str, str]] = (),
) -> Previous:
    """What the release of `earlier` [its cells] said of the lowest cells of `model`. Raises InputInvalid."""
    same = stars(earlier, model, became)
    old = sp.csr_array(_incidence([one for one, _ in same], earlier.size))
    return Previous(
        parts=_incidence([other for _, other in same], model.size),
        publication=old @ publication,
        truth=None if truth is None else old @ truth,
        spread=np.diff(old.indptr).astype(np.int64),
    )


def declared(model: Model, before: Previous, margin_steps: Sequence[int] = MARGIN_STEPS) -> Model:
    """The model with the steps of a later release: margins the fallback's, merged cells what their kept sum may need."""
    steps = np.where(lowest(model), model.steps, np.maximum(model.steps, margin_steps[-1]))
    row = np.repeat(np.arange(len(before.spread)), np.diff(before.parts.indptr))
    np.maximum.at(steps, before.parts.indices, before.spread[row] - 1)
    return replace(model, steps=steps)


def kept(model: Model, truth: Ints, before: Previous) -> Flags:
    """[g] figures of before that stay: their truth is unchanged.

    When the earlier truth has expired nobody knows; then a figure stays while it is inside the window of the new truth. That
    keeps unchanged cells as safe as ever, and is weaker for changed ones that move: see the module, and `stack` cuts their
    intervals accordingly. Targeting all again would be worse: an unchanged cell that moves is proved to be 1 to 4.
    """
    now: Ints = before.parts @ truth
    known = before.truth is not None
    reach: Ints = before.parts @ (model.base * (model.steps + 1) - 1)
    stays: Flags = now == before.truth if known else abs(now - before.publication) <= reach
    return stays


def round_again(
    model: Model,
    truth: Ints,
    targets: Targets,
    before: Previous,
    work: Work | None = None,
    rounding: Rounding = round_whole,
    margin_steps: Sequence[int] = MARGIN_STEPS,
) -> Again:
    """A later release of the same cells: unchanged lowest cells keep their figures, so all that is made of those alone does.

    `rounding`: round_whole, or round_blocks for a model in blocks. Raises Infeasible or WorkLimit when no margin step will do:
    the release is held, and no unchanged figure moves.
    """
    model = declared(model, before, margin_steps)
    keeps = kept(model, truth, before)
    alone = np.diff(before.parts.indptr) == 1
    fixed, given = np.zeros(model.size, dtype=bool), np.zeros(model.size, dtype=np.int64)
    cells = before.parts[np.flatnonzero(keeps & alone)].indices
    fixed[cells], given[cells] = True, before.publication[keeps & alone]
    whole, asked = _with_sums(
        model, Asked(truth, targets, fixed, given), before, np.flatnonzero(keeps & ~alone)
    )
    margin = np.concatenate([~lowest(model), np.zeros(whole.size - model.size, dtype=bool)])
    for steps in margin_steps[:-1]:
        fewer = replace(whole, steps=np.where(margin, np.minimum(whole.steps, steps), whole.steps))
        with suppress(Infeasible, WorkLimit):
            return Again(model, rounding(fewer, asked, work)[: model.size])
    return Again(model, rounding(whole, asked, work)[: model.size])


def _with_sums(model: Model, asked: Asked, before: Previous, rows: Ints) -> tuple[Model, Asked]:
    """The model with, for each row, a cell that keeps an earlier figure and is the sum of the cells it was split into."""
    if not len(rows):
        return model, asked
    parts, more = before.parts[rows], len(rows)
    first = parts.indices[parts.indptr[:-1]]
    none = sp.csr_array((model.implied.shape[0], more), dtype=np.int64)
    old = sp.csr_array((model.equations.shape[0], more), dtype=np.int64)
    whole = replace(
        model,
        names=[*model.names, *(f"earlier {model.names[i]}" for i in first)],
        base=np.append(model.base, model.base[first]),
        published=np.append(model.published, np.ones(more, dtype=bool)),
        steps=np.append(model.steps, np.zeros(more, dtype=np.int64)),
        lower=np.append(model.lower, np.zeros(more, dtype=np.int64)),
        upper=np.append(model.upper, np.full(more, UNBOUNDED)),
        equations=sp.csr_array(
            sp.block_array([[model.equations, old], [-parts, sp.eye_array(more, dtype=np.int64)]])
        ),
        equation_names=[*model.equation_names, *(f"kept {model.names[i]}" for i in first)],
        implied=sp.csr_array(sp.hstack([model.implied, none])),
        block=np.append(model.block, model.block[first]),
        units=None,
    )
    targets = Targets(
        np.append(asked.targets.up, np.zeros(more, dtype=bool)),
        np.append(asked.targets.cost, np.ones(more, dtype=np.int64)),
    )
    return whole, Asked(
        np.append(asked.truth, parts @ asked.truth),
        targets,
        np.append(asked.fixed, np.ones(more, dtype=bool)),
        np.append(asked.given, before.publication[rows]),
    )


def _incidence(groups: list[list[int]], size: int) -> sp.csr_array:
    cells = np.array([cell for group in groups for cell in group], dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum([len(group) for group in groups], dtype=np.int64)])
    return sp.csr_array((np.ones(len(cells), dtype=np.int64), cells, starts), shape=(len(groups), size))
