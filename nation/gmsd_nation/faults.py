"""A class of fault: what it is, how often it occurs, and whether the delivery must be refused."""

from dataclasses import dataclass
from typing import Literal

from gmsd_nation.damage import Apply

Expected = Literal["accept", "reject"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One class of fault of a dataset.

    `rule`: what it must trigger, in words. `share`: of the slots (gemeente and period) that could show it, with one
    occurrence at least. `second_only`: shows only beside an earlier period. `flagged`: sent as "niets te melden".
    """

    slug: str
    rule: str
    expected: Expected
    share: float
    apply: Apply
    second_only: bool = False
    flagged: bool = False


UNKNOWN_PERSONS = "unknown-persons"
"""Slug of the gemeente of whose persons more than 3 % are not in the register (found when the register is joined)."""

ROWS_DROPPED = "rows-dropped"
"""Slug of an accepted redelivery that leaves out rows of the delivery before."""
