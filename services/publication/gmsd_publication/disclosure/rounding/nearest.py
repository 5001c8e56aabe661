"""The additive rounding nearest to the targets."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from gmsd_publication.disclosure.model import Flags, Ints, Model
from gmsd_publication.disclosure.rounding.program import Program, Work, solve
from gmsd_publication.disclosure.rounding.targets import COST_UNITS, Targets

STEP_COST = 20 * COST_UNITS
"""Leaving the two neighbours of the truth costs more than turning twenty cells round: a step is for what nothing else mends."""


@dataclass(frozen=True)
class Asked:
    """What is to be rounded. `fixed` [n]: cells whose published value is given, in `given` [n] (elsewhere unused)."""

    truth: Ints
    targets: Targets
    fixed: Flags
    given: Ints


def round_whole(model: Model, asked: Asked, work: Work | None = None) -> Ints:
    """Published values [n] of every cell at once. Raises Infeasible, WorkLimit."""
    wanted = aim(model, asked)
    if satisfied(model, wanted):
        return wanted
    return round_part(model, np.ones(model.size, dtype=bool), asked, wanted, work)


def aim(model: Model, asked: Asked) -> Ints:
    """The targets themselves, with what is given: they add up only by luck."""
    floor = asked.truth // model.base * model.base
    return np.where(asked.fixed, asked.given, floor + model.base * asked.targets.up)


def satisfied(model: Model, values: Ints) -> bool:
    """Whether values obey every row of the model and its bounds."""
    whole, part = values[model.presence[:, 1]], values[model.presence[:, 0]]
    return bool(
        not (model.equations @ values).any()
        and ((model.implied @ values) >= 0).all()
        and ((whole > 0) == (part > 0)).all()
        and ((values >= model.lower) & (values <= model.upper)).all()
    )


def round_part(model: Model, free: Flags, asked: Asked, current: Ints, work: Work | None = None) -> Ints:
    """The same with only the cells of `free` [n] decided anew; the others stay at `current` [n].

    Rows that hold no free cell are not looked at. Raises Infeasible, WorkLimit.
    """
    free = free & ~asked.fixed
    cells = np.flatnonzero(free)
    if not cells.size:
        return current
    program = _program(model, cells, asked, current)
    x = solve(program, work).x[: len(cells)]
    result = current.copy()
    floor = asked.truth[cells] // model.base[cells]
    result[cells] = (floor + np.round(x).astype(np.int64)) * model.base[cells]
    return result


def _program(model: Model, cells: Ints, asked: Asked, current: Ints) -> Program:
    """Variables: z per free cell (value = base·(floor + z)); then, for cells that may step, how far below and above."""
    count, base = len(cells), model.base[cells]
    truth, up = asked.truth[cells], asked.targets.up[cells]
    floor, whole = truth // base, truth % base == 0
    published = model.published[cells]
    steps = model.steps[cells].astype(np.int64)
    least = np.where(published, np.maximum(-steps, -floor), -floor)
    most = np.where(published, np.where(whole, 0, 1) + steps, np.int64(2**31))
    least = np.maximum(least, -((-model.lower[cells]) // base) - floor)
    most = np.minimum(most, np.minimum(model.upper[cells], 2**40) // base - floor)
    # A flip from the target costs its distance from the threshold; published cells alone have a target.
    price = np.where(published, np.where(up, -asked.targets.cost[cells], asked.targets.cost[cells]), 0)
    stepping = np.flatnonzero(published & (steps > 0))
    below = sp.csr_array(
        (np.ones(len(stepping)), (np.arange(len(stepping)), stepping)), (len(stepping), count)
    )
    own_cost, lower, upper = price.astype(float), least.astype(float), most.astype(float)
    own_cost[stepping] = 0
    # |z − target| for those that step: z − above + below = target, with the step's cost beyond the neighbours.
    matrix_parts, lows, highs = [], [], []
    inside = np.where(whole[stepping], 0, 1)
    toward = up[stepping].astype(float)
    s = len(stepping)
    # z = w + above − below, w between the neighbours; w carries the flip's price.
    w_cost = price[stepping].astype(float)
    columns = count + 3 * s
    if s:
        rows = np.arange(s)
        matrix_parts.append(
            sp.hstack([below, -sp.eye_array(s), -sp.eye_array(s), sp.eye_array(s)], format="csr")
        )
        lows.append(np.zeros(s))
        highs.append(np.zeros(s))
    for rows_of, slack in ((model.equations, 0.0), (model.implied, np.inf)):
        part = rows_of[:, cells]
        touched = np.flatnonzero(np.diff(part.indptr))
        if not touched.size:
            continue
        frozen = current.copy()
        frozen[cells] = floor * base
        rest = rows_of[touched] @ frozen
        part = part[touched] * 1.0
        scale = _row_base(part, base)
        matrix_parts.append(_pad(part, columns))
        lows.append(-rest / scale)
        highs.append(-rest / scale + slack)
    presence = _presence(model, cells, current, floor, most)
    if presence is not None:
        matrix, low = presence
        matrix_parts.append(_pad(matrix, columns))
        lows.append(low)
        highs.append(np.full(len(low), np.inf))
    cost = np.concatenate([own_cost, w_cost, np.full(2 * s, float(STEP_COST))])
    high_steps = steps[stepping].astype(float)
    return Program(
        cost=cost,
        lower=np.concatenate([lower, np.zeros(3 * s)]),
        upper=np.concatenate([upper, inside.astype(float), high_steps, high_steps]),
        integer=np.concatenate(
            [np.ones(count, dtype=bool), np.ones(s, dtype=bool), np.zeros(2 * s, dtype=bool)]
        ),
        matrix=sp.vstack(matrix_parts, format="csr") if matrix_parts else sp.csr_array((0, columns)),
        low=np.concatenate(lows) if lows else np.zeros(0),
        high=np.concatenate(highs) if highs else np.zeros(0),
    )


def _row_base(part: sp.csr_array, base: Ints) -> np.ndarray:
    return base[part.indices[part.indptr[:-1]]].astype(float)


def _pad(part: sp.csr_array, columns: int) -> sp.csr_array:
    return sp.csr_array((part.data, part.indices, part.indptr), shape=(part.shape[0], columns))


def _presence(model, cells, current, floor, most):
    """whole ≤ M·part, M the largest the whole can be: nobody publishes a whole beside a part of 0 (that would prove 1 to 4)."""
    if not len(model.presence):
        return None
    place = np.full(model.size, -1)
    place[cells] = np.arange(len(cells))
    part, whole = model.presence[:, 0], model.presence[:, 1]
    touched = np.flatnonzero((place[part] >= 0) | (place[whole] >= 0))
    if not touched.size:
        return None
    part, whole = part[touched], whole[touched]
    p, w = place[part], place[whole]
    base = model.base[part]
    p_floor = np.where(p >= 0, floor[p], current[part] // base)
    w_floor = np.where(w >= 0, floor[w], current[whole] // base)
    bound = np.maximum(1, np.where(w >= 0, w_floor + most[w], w_floor)).astype(float)
    rows = np.arange(len(touched))
    entries = [(rows[p >= 0], p[p >= 0], bound[p >= 0]), (rows[w >= 0], w[w >= 0], -np.ones((w >= 0).sum()))]
    matrix = sp.csr_array(
        (
            np.concatenate([e[2] for e in entries]),
            (np.concatenate([e[0] for e in entries]), np.concatenate([e[1] for e in entries])),
        ),
        shape=(len(touched), len(cells)),
    )
    return matrix, w_floor - bound * p_floor
