"""What is known of each cell, in one word, and what a first witness must still show."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from gmsd_publication.disclosure.audit.system import System
from gmsd_publication.disclosure.model import UNBOUNDED, Flags, Ints

NARROW = 2
"""Widths up to this are told: a count known to two units is known."""


class Verdict(IntEnum):
    """The worst that is proved of a cell. SAFE alone rests on witnesses; without them a cell is UNDECIDED."""

    PRINTED = 0
    """Its exact value was public from the beginning, and is not small."""
    EXACT = 1
    """Its value follows, or a small count is printed as it is."""
    SMALL = 2
    """It is proved to lie from 1 to under the threshold: somebody is there, and they are few."""
    WIDTH_1 = 3
    WIDTH_2 = 4
    SAFE = 5
    """Two tables that fit the print lie more than NARROW apart, and one of them shows nobody, or the threshold or more."""
    UNDECIDED = 6


@dataclass(frozen=True)
class Known:
    """Of each cell: proved `low` and `high` (UNBOUNDED: none), and `least` and `most` over witnesses.

    Without any witness least is UNBOUNDED and most is −1.
    """

    low: Ints
    high: Ints
    least: Ints
    most: Ints

    @property
    def width(self) -> Ints:
        """high − low; UNBOUNDED where there is no high."""
        return np.where(self.high == UNBOUNDED, UNBOUNDED, self.high - self.low)

    @property
    def span(self) -> Ints:
        """most − least; negative without a witness."""
        return np.where(self.most < 0, -1, self.most - np.where(self.most < 0, 0, self.least))

    def escapes(self, threshold: int) -> Flags:
        """Whether some witness shows nobody, or the threshold or more."""
        return (self.most >= 0) & ((self.least <= 0) | (self.most >= threshold))


def verdicts(printed: System, known: Known, threshold: int) -> Ints:
    """A Verdict for every cell."""
    small = (known.low >= 1) & (known.high < threshold)
    open_ = (printed.low == printed.high) & ~small
    width = known.width
    return np.select(
        [open_, width == 0, small, width == 1, width == NARROW, (known.span > NARROW) & known.escapes(threshold)],
        [Verdict.PRINTED, Verdict.EXACT, Verdict.SMALL, Verdict.WIDTH_1, Verdict.WIDTH_2, Verdict.SAFE],
        Verdict.UNDECIDED,
    ).astype(np.int64)  # fmt: skip


def final(printed: System, known: Known, threshold: int) -> Flags:
    """Whether nothing worse than the verdict can be true: bounds and witnesses meet as far as the verdict asks."""
    verdict = verdicts(printed, known, threshold)
    wide = (known.span == known.width) & known.escapes(threshold)
    return np.asarray((verdict <= Verdict.SMALL) | (verdict == Verdict.SAFE) | wide)


@dataclass(frozen=True)
class Wish:
    """What witnesses should show: both ends beyond the small counts where the bounds leave that open, and width."""

    low: Ints
    high: Ints
    threshold: int

    def open(self, least: Ints, most: Ints) -> tuple[Flags, Flags]:
        """Whether a lower, a higher value is still wanted, for cells of which `least` and `most` are shown."""
        wide = np.minimum(np.where(self.high == UNBOUNDED, UNBOUNDED, self.high - self.low), NARROW + 1)
        short = (most - least) < wide
        nobody = (self.low <= 0) & (least > 0) & (least < self.threshold)
        many = (self.high >= self.threshold) & (most < self.threshold)
        return (nobody | short) & (least > self.low), (many | short) & (most < self.high)

    def of(self, cells: Ints) -> "Wish":
        """The same for some cells."""
        return Wish(self.low[cells], self.high[cells], self.threshold)
