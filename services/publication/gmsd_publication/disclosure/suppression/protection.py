"""What has to stay possible for which cell."""

from dataclasses import dataclass

import numpy as np

from gmsd_publication.disclosure.errors import InputInvalid
from gmsd_publication.disclosure.model import Flags, Ints, Model
from gmsd_publication.disclosure.suppression.system import entries, entry_base

LITTLE = 1
"""A hidden count must be able to be this or less: nobody, or one."""


@dataclass(frozen=True)
class Protection:
    """Per entry (the n cells, then the q implied counts): `cells` [n + q] that need protection, and for those a value ≤ `low`
    and one ≥ `high` [n + q] that fit the print.

    `kept` [n + q]: not to be hidden, whatever it costs. `closed`: a hidden count that no reader can suspect of being small is taken to be
    known to be ≥ its base, and the others stay protected all the same (package docstring). For counts; magnitudes have no such
    second reading.
    """

    cells: Flags
    low: Ints
    high: Ints
    kept: Flags
    closed: bool


def small_counts(model: Model, truth: Ints) -> Protection:
    """Every published or computable count under its base, zeros too; what the public knows beforehand excepted."""
    base = entry_base(model)
    counts = entries(model, truth)
    known = np.concatenate([model.lower == model.upper, np.zeros(len(base) - model.size, dtype=bool)])
    asked = np.concatenate([model.published, np.ones(len(base) - model.size, dtype=bool)])
    little = np.full(len(base), LITTLE, dtype=np.int64)
    nothing = np.zeros(len(base), dtype=bool)
    return Protection((counts < base) & asked & ~known, little, base, nothing, closed=True)


def interval(
    model: Model, truth: Ints, primary: Flags, below: Ints, above: Ints, kept: Flags | None = None
) -> Protection:
    """Magnitudes in whole units: each primary cell [n] must be able to be `below` less and `above` more (lpl and upl).
    `kept` [n]: cells that are printed whatever it costs.

    Raises InputInvalid: a primary cell that is not published or is kept, a protection level under 0.
    """
    kept = np.zeros(model.size, dtype=bool) if kept is None else kept
    wrong = np.flatnonzero(primary & (~model.published | kept | (below < 0) | (above < 0)))
    if wrong.size:
        raise InputInvalid(
            f"{model.names[wrong[0]]} is no published cell that may be hidden, with protection levels of 0 or more"
        )
    implied = model.implied.shape[0]
    pad = np.zeros(implied, dtype=np.int64)
    low, high = np.maximum(truth - below, model.lower), truth + above
    return Protection(
        np.concatenate([primary, pad.astype(bool)]),
        np.concatenate([low, pad]),
        np.concatenate([high, pad]),
        np.concatenate([kept, pad.astype(bool)]),
        closed=False,
    )
