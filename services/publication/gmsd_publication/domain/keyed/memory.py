"""What earlier releases said of the cells of this one, and which figures therefore stay (disclosure.md 5.7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
import polars as pl

from gmsd_contracts.catalogue import Level
from gmsd_publication.disclosure.errors import NotProved
from gmsd_publication.disclosure.model import Flags, Ints, Model
from gmsd_publication.domain.numbering import Numbering
from gmsd_publication.domain.places import UNKNOWN, fill_computed
from gmsd_publication.domain.protection import Earlier
from gmsd_publication.domain.release_model import Release


class Keeping(Enum):
    """How much of what did not change keeps its figure, the most first. Who knows what did not change learns least from the first."""

    ALL = "every figure whose count did not change"
    SUMS = "of sums over regions only those that still are the sum of kept figures"
    SHOWN = "and of figures that nobody publishes none"
    GEMEENTEN = "and none of provinces and the country, of indicators of which any figure changed"


@dataclass(frozen=True)
class Memory:
    """Of each cell [n] its figure in the last release in which it counted the same, else in the last that had it, and its exact
    count there; UNKNOWN where there was none.

    Of remainders and double counts too, where the release had all figures they follow from. `expired` [n]: the figure is
    known and its snapshot is gone.
    """

    release: Release
    published: Ints
    truth: Ints
    expired: Flags

    @classmethod
    def of(cls, release: Release, exact: pl.DataFrame, earlier: Sequence[Earlier]) -> "Memory":
        """`earlier`: oldest first; a later one is remembered over an earlier one."""
        size = release.model.size
        published, truth = np.full(size, UNKNOWN), np.full(size, UNKNOWN)
        expired = np.zeros(size, dtype=bool)
        numbering = Numbering.of(exact.schema)
        at = numbering.numbers(exact)
        for one in earlier:
            figures = one.figures.with_columns(pl.col("value").fill_null(0))
            values = _over_cells(release, numbering.spread(figures, "value", UNKNOWN)[at])
            counts = np.full(size, UNKNOWN)
            if one.exact is not None:
                counts = _over_cells(release, numbering.spread(one.exact, "count", UNKNOWN)[at])
            # A count that returns to what it was (consent withdrawn and given again) returns to its figure: rounded anew, the two
            # figures of one count would stand side by side.
            returned = (truth == release.truth) & (counts != release.truth)
            # Where a part is missing now (an objector's), what was left or counted twice comes out as no count at all.
            possible = (values >= release.model.lower) & (values <= release.model.upper)
            known = possible & ~returned
            published[known], truth[known] = values[known], counts[known]
            expired[known] = (counts[known] == UNKNOWN) & release.model.published[known]
        return cls(release, published, truth, expired)

    def check(self) -> None:
        """Raises NotProved: the counts behind an earlier release have expired, so nobody knows which figures must stay.

        Why not keep what lies within its window: a reader who knows that rule learns from a figure that goes to 0 that nobody is
        left. What then came out is a new series, or a method without a proof.
        """
        if self.expired.any():
            raise NotProved(
                "an earlier release of this period is older than its exact counts: it cannot be followed up"
            )

    def any(self) -> bool:
        """Whether something came out before."""
        return bool((self.published != UNKNOWN).any())

    def kept(self, model: Model, keeping: Keeping) -> tuple[Flags, Ints]:
        """Cells that stay as they were [n], and as what [n]: those whose count did, as far as `keeping` goes."""
        same = (self.truth == self.release.truth) & (self.published != UNKNOWN)
        # A part that was 0 cannot stay so beside a whole that is now a base or more: together they would prove 1 to 4 to everybody;
        # alone it tells as much only to who knows that this very part did not change.
        part, whole = model.presence[:, 0], model.presence[:, 1]
        torn = (self.published[part] == 0) & (self.release.truth[whole] >= model.base[whole])
        same[part[torn]] = False
        for family in self.release.families if keeping is not Keeping.ALL else ():
            cells = family.cells
            for one in reversed(family.sums):
                members = [*one.parts] if one.computed is None else [*one.parts, one.computed]
                signs = np.array([1] * len(one.parts) + [one.sign] * (one.computed is not None))
                adds_up = self.published[cells[one.total]] == signs @ self.published[cells[members]]
                same[cells[one.total]] &= same[cells[members]].all(axis=0) & adds_up
        for family in self.release.families if keeping is Keeping.GEMEENTEN else ():
            above = [
                at for at, place in enumerate(family.places) if place.level in (Level.LAND, Level.PROVINCIE)
            ]
            same[family.cells[above]] &= same[family.cells].all()
        fixed = same & model.published
        for family in self.release.families if keeping in (Keeping.ALL, Keeping.SUMS) else ():
            # A remainder that did not change stays too, though nobody publishes it: else the total above would move for nothing.
            lowest = family.cells[family.finest]
            fixed[lowest] = same[lowest]
        return fixed, np.where(fixed, self.published, 0)


def _over_cells(release: Release, figures: Ints) -> Ints:
    """[n] figures of the exact table [rows] over the cells, remainders and double counts computed as they are now."""
    values = np.full(release.model.size, UNKNOWN)
    values[release.order] = figures
    for family in release.families:
        own = values[family.cells]
        fill_computed(family.sums, own)
        values[family.cells] = own
    return values
