"""The rounding with the least error: a benchmark of solvers, not a way to publish (disclosure.md 5.1)."""

from dataclasses import dataclass
from math import ceil

import numpy as np

from gmsd_publication.disclosure.model import Ints, Model
from gmsd_publication.disclosure.rounding.choices import by_error
from gmsd_publication.disclosure.rounding.layout import lay_out, rows_of
from gmsd_publication.disclosure.rounding.program import TOLERANCE, Work, solve
from gmsd_publication.disclosure.rounding.search import LARGE, search


@dataclass(frozen=True)
class Optimum:
    """`values` [n]; `bound`: no rounding has a smaller sum of absolute errors; `proved`: this one has the bound."""

    values: Ints
    proved: bool
    bound: int


def optimum(model: Model, truth: Ints, work: Work | None = None) -> Optimum:
    """Least Σ|published − truth| over the published cells. Raises Infeasible, WorkLimit.

    Who knows this objective can often compute the truth from the answer: never publish it.
    """
    choices = by_error(model, truth)
    found = search(model, choices, work or Work()) if model.size > LARGE else None
    if found is None:
        cells, nothing = np.arange(model.size), np.zeros(model.size, dtype=np.int64)
        layout = lay_out(rows_of(model, choices), choices, cells, nothing)
        solution = solve(layout.program, work)
        z, bound = layout.read(solution.x), solution.bound
    else:
        z, bound = found.z, found.bound
    values = (choices.floor + z) * model.base
    constant = int((truth % model.base)[model.published].sum())
    error = int(np.abs(values - truth)[model.published].sum())
    least = ceil(bound - TOLERANCE * max(1.0, abs(bound))) + constant
    return Optimum(values, proved=error <= least, bound=min(least, error))
