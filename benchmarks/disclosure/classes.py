"""Three classifications, two by two: which figures a region has, and how they add up."""

import itertools
from functools import cache

import numpy as np
import scipy.sparse as sp

from gmsd_publication.disclosure.model import Ints

CLASSES = (6, 6, 7)
SHALLOW, DEEP = 20, 140
"""Figures of a region with one-way tables (total first, then the classes), and with two-way tables after them."""
Slot = tuple[int | None, ...]


def slots() -> list[Slot]:
    """What each of the DEEP figures counts: a class of at most two classifications. The first SHALLOW of at most one."""
    every = itertools.product(*([None, *range(size)] for size in CLASSES))
    return sorted(
        (slot for slot in every if None in slot), key=lambda slot: sum(one is not None for one in slot)
    )


@cache
def collapse() -> Ints:
    """[DEEP, combinations of all three] what each figure adds up."""
    inner = np.array(list(itertools.product(*map(range, CLASSES))))
    rows = [
        np.all(
            [inner[:, place] == one for place, one in enumerate(slot) if one is not None]
            or [[True] * len(inner)],
            axis=0,
        )
        for slot in slots()
    ]
    return np.array(rows, dtype=np.int64)


def sums_of_classes(width: int) -> sp.csr_array:
    """[rows, width] per classification that a figure leaves open: the figure, less those of its classes."""
    number = {slot: place for place, slot in enumerate(slots()[:width])}
    rows = []
    for slot, whole in number.items():
        for place in (place for place, one in enumerate(slot) if one is None):
            parts = [(*slot[:place], one, *slot[place + 1 :]) for one in range(CLASSES[place])]
            if all(part in number for part in parts):
                row = np.zeros(width, dtype=np.int64)
                row[whole], row[[number[part] for part in parts]] = 1, -1
                rows.append(row)
    return sp.csr_array(np.array(rows))
