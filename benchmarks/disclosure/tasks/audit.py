"""What a reader of nearest-5 figures can prove, and how much of that question is settled."""

from dataclasses import dataclass

import numpy as np

from gmsd_publication.disclosure.audit import BOUNDS_ONLY, Effort, audit
from gmsd_publication.disclosure.convention import Convention
from gmsd_publication.disclosure.intervals import intervals
from gmsd_publication.disclosure.model import Ints, Model

BASE = 5


@dataclass(frozen=True)
class Audited:
    """Of cells that truly hold 1 to 4: how many are `exact`, how many `proved` to be 1 to 4, of `small`.

    `sides`: two questions each (can it be 0? can it be 5 or more?), `decided` those with a proof or a table for an answer.
    """

    exact: int
    proved: int
    small: int
    sides: int
    decided: int


def nearest(truth: Ints) -> Ints:
    """Every count by itself to the nearest multiple of 5."""
    return (truth + BASE // 2) // BASE * BASE


def bounds(model: Model, truth: Ints) -> Audited:
    """Proofs alone."""
    return _audited(model, truth, BOUNDS_ONLY)


def witnessed(model: Model, truth: Ints) -> Audited:
    """Proofs, and tables that show what cannot be proved."""
    return _audited(model, truth, Effort())


def _audited(model: Model, truth: Ints, effort: Effort) -> Audited:
    low, high = intervals(Convention.NEAREST_5, nearest(truth))
    known = audit(model, low, high, effort).known
    # The audit never sees the truth; which cells it is asked about here does.
    small = np.flatnonzero((truth > 0) & (truth < BASE))
    bottom, top = known.low[small], known.high[small]
    proved = (bottom >= 1) & (top < BASE)
    nobody = (bottom >= 1) | (known.least[small] <= 0)
    many = (top < BASE) | (known.most[small] >= BASE)
    decided = int(nobody.sum() + many.sum())
    return Audited(int((bottom == top).sum()), int(proved.sum()), len(small), 2 * len(small), decided)
