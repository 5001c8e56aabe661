"""How much more often one truth than another leads to the same figure: disclosure.md 5.4 (iv), estimated over keys."""

from collections import Counter
from collections.abc import Iterable

import numpy as np

from gmsd_publication.disclosure.model import Ints, Model
from gmsd_publication.disclosure.rounding.nearest import Asked, round_whole
from gmsd_publication.disclosure.rounding.targets import targets

Chances = dict[int, float]
"""Probability of each published value of one cell."""


def chances(model: Model, truth: Ints, cell: int, numbers: Iterable[Ints]) -> Chances:
    """P(published value of `cell` | truth [n]) over draws of the secret numbers [n]. Raises Infeasible, WorkLimit."""
    free = np.zeros(model.size, dtype=bool)
    seen: Counter[int] = Counter()
    for drawn in numbers:
        asked = Asked(truth, targets(truth, model.base, drawn), free, truth)
        seen[int(round_whole(model, asked)[cell])] += 1
    return {value: count / seen.total() for value, count in seen.items()}


def likelihood_ratio(alternatives: Iterable[Chances], value: int) -> float:
    """The largest P(value | a) / P(value | b) over the alternatives; infinite when one of them never gives it.

    Of one cell alone it is at most its base: P = 1 for the multiple itself against 1/base for the farthest neighbour. So a base
    of 10 cannot meet a limit of 6, whatever the algorithm.
    """
    found = [each.get(value, 0.0) for each in alternatives]
    return max(found) / min(found) if min(found) > 0 else float("inf")
