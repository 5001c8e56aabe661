"""From exact figures to a print that proves itself."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from gmsd_publication.disclosure.errors import Infeasible
from gmsd_publication.disclosure.model import Flags, Ints, Model
from gmsd_publication.disclosure.suppression.certificate import (
    Certificate,
    cover_of,
    entry_name,
    uncovered,
    verify,
)
from gmsd_publication.disclosure.suppression.moves import Moves, Side
from gmsd_publication.disclosure.suppression.pattern import Pattern
from gmsd_publication.disclosure.suppression.protection import Protection, small_counts
from gmsd_publication.disclosure.suppression.search import Effort, Search, Unprotectable
from gmsd_publication.disclosure.suppression.system import System, system_of


@dataclass(frozen=True)
class Suppression:
    """`hidden` [n]: published cells that carry the mark. `value`: the sum of the true values of those among them that did not need
    protection themselves; not for publication. `certificate`: public; None for magnitudes (package docstring)."""

    hidden: Flags
    value: int
    certificate: Certificate | None


def suppress(
    model: Model, truth: Ints, protection: Protection | None = None, effort: Effort | None = None
) -> Suppression:
    """What to hide, so that what needs protection has it; by default every small count and zero.

    Raises NotAdditive, Contradictory (the truth breaks the model), Infeasible (a cell that cannot be protected whatever is hidden).
    """
    model.check_truth(truth)
    protection = protection or small_counts(model, truth)
    system = system_of(model)
    hidden = _search(model, system, truth, protection, effort or Effort())
    certificate = None
    if protection.closed:
        hidden, certificate = _proved(model, system, truth, protection, hidden)
    cells = model.published & hidden[system.column[: model.size]]
    secondary = cells & ~_needing(system, protection)[system.column[: model.size]]
    return Suppression(cells, int(truth[secondary].sum()), certificate)


def _needing(system: System, protection: Protection) -> Flags:
    needs = np.zeros(system.size, dtype=bool)
    needs[system.column[protection.cells]] = True
    return needs


def _search(model: Model, system: System, truth: Ints, protection: Protection, effort: Effort) -> Flags:
    """Columns [k] to hide, as far as moves in fractions tell."""
    counts = system.gather(model, truth)
    needs = _needing(system, protection)
    column = system.column[protection.cells]
    low, high = np.minimum(counts, 1), counts.copy()
    low[needs] = counts[needs]
    np.minimum.at(low, column, protection.low[protection.cells])
    np.maximum.at(high, column, protection.high[protection.cells])
    always = needs | ~system.printable
    cost = np.zeros(system.size, dtype=np.int64)
    np.add.at(cost, system.column[: model.size][model.published], truth[model.published])
    cost[always] = 0
    # Columns nobody is interested in may take any value; those that are small already have no floor to fall through.
    floor = np.where(system.interesting() & (counts >= system.base) & protection.closed, system.base, 0)
    kept = np.zeros(system.size, dtype=bool)
    kept[system.column[protection.kept]] = True
    search = Search(system, Moves(system, counts, floor, kept), Pattern(always, cost, counts, low), effort)
    try:
        search.start(
            [Side(int(at), int(high[at] - counts[at])) for at in np.flatnonzero(needs & (high > counts))]
            + [Side(int(at), int(low[at] - counts[at])) for at in np.flatnonzero(needs & (low < counts))]
        )
    except Unprotectable as impossible:
        entry = int(np.flatnonzero(system.column == impossible.side.column)[0])
        raise Infeasible(f"{entry_name(model, entry)} cannot be protected, whatever is hidden") from None
    search.improve()
    return search.pattern.hidden


def _proved(
    model: Model, system: System, truth: Ints, protection: Protection, hidden: Flags
) -> tuple[Flags, Certificate]:
    """Hide more around what whole counts do not cover, until the print proves itself."""
    while True:
        cells = model.published & hidden[system.column[: model.size]]
        cover = cover_of(model, np.where(cells, 0, truth), cells)
        missing = np.union1d(uncovered(cover.certificate, protection), np.flatnonzero(cover.exposed))
        if not missing.size:
            verify(model, np.where(cells, 0, truth), cells, cover.certificate)
            return hidden, cover.certificate
        wider = hidden | _beside(system, np.unique(system.column[missing]))
        if (wider == hidden).all():
            wider = hidden | _beside(system, np.flatnonzero(hidden))
        if (wider == hidden).all():
            raise Infeasible(f"{entry_name(model, int(missing[0]))} cannot be protected, whatever is hidden")
        hidden = wider


def _beside(system: System, columns: Ints) -> Flags:
    """Columns that share a row with one of these and are not known to all."""
    at = np.zeros(system.size)
    at[columns] = 1
    pattern: sp.csr_array = abs(system.rows)
    beside: Flags = pattern.T @ (pattern @ at) > 0
    return beside & ~system.known()
