"""The proof of a suppression: tables of counts that fit the print. Made from the print alone, checked without a solver."""

from dataclasses import dataclass

import numpy as np

from gmsd_publication.disclosure.errors import Contradictory, NotProved
from gmsd_publication.disclosure.model import Flags, Ints, Model
from gmsd_publication.disclosure.suppression.protection import LITTLE, Protection
from gmsd_publication.disclosure.suppression.reader import Reader, reader_of
from gmsd_publication.disclosure.suppression.system import entries, entry_base
from gmsd_publication.disclosure.suppression.witnesses import Pushes


@dataclass(frozen=True)
class Certificate:
    """`covered` [n + q]: entries (cells, then implied counts) that every reader must hold possible to be ≤ 1 and ≥ their base.

    `tables` [t, n]: the tables that show it. In each of them every hidden entry that is not covered is ≥ its base, so a reader who
    knows that all small counts are covered can exclude none of them.
    """

    covered: Flags
    tables: Ints


@dataclass(frozen=True)
class Cover:
    """What pushing found: the `certificate`, and `exposed` [n + q], entries that no table was found to take to their base."""

    certificate: Certificate
    exposed: Flags


def certify(model: Model, printed: Ints, hidden: Flags) -> Certificate:
    """Certificate of a print: `printed` [n] is read only where a published cell is not `hidden` [n]. A function of what is public.

    `covered` is the largest set found for which it holds: counts that no reader can suspect of being ≤ 1 are taken to be ≥ their base, and
    what that excludes in turn, until nothing changes. Raises Contradictory (no table fits), NotProved (an entry that may be
    small: no table takes it to its base).
    """
    cover = cover_of(model, printed, hidden)
    exposed = np.flatnonzero(cover.exposed)
    if exposed.size:
        name = entry_name(model, int(exposed[0]))
        raise NotProved(f"{name} is not printed, and no table was found that takes it to its base")
    return cover.certificate


def cover_of(model: Model, printed: Ints, hidden: Flags) -> Cover:
    """The same without a verdict. Raises Contradictory."""
    reader = reader_of(model, printed, hidden)
    pushed = _Pushed(reader)
    pushed.run()
    counts = np.array([reader.table(table) for table in pushed.tables], dtype=np.int64)
    counts = counts.reshape(len(pushed.tables), reader.system.size)

    def spread(columns: Flags) -> Flags:
        whole = np.zeros(reader.system.size, dtype=bool)
        whole[reader.columns[columns]] = True
        return whole[reader.system.column] & reader.system.published

    certificate = Certificate(
        covered=spread(reader.asked & ~pushed.firm & ~pushed.exposed),
        tables=counts[:, reader.system.column[: model.size]],
    )
    return Cover(certificate, spread(pushed.exposed))


class _Pushed:
    """Hidden columns [h]: `firm` are taken to be ≥ their base, `exposed` were not got there, the rest is covered by `tables`."""

    def __init__(self, reader: Reader) -> None:
        self.reader, self.pushes = reader, Pushes(reader)
        self.base = self.pushes.base
        self.firm = reader.asked & (reader.lower > LITTLE) & (reader.upper >= self.base)
        self.exposed = reader.asked & (reader.upper < self.base)
        self.tables: list[Ints] = []
        # Those that can be largest first: they are the likeliest to be found firm, and what is firm changes everything after.
        self.order = np.argsort(-reader.upper, kind="stable")
        self.pushes.set_floor(self.firm)
        if not self.pushes.possible():
            self.firm[:] = False
            self.pushes.set_floor(self.firm)
            if not self.pushes.possible():
                raise Contradictory("no table of counts fits the printed figures")

    def run(self) -> None:
        low, high = self._reached()
        while not (low & high).all():
            upward = bool(low.all())
            side = high if upward else low
            leader = int(self.order[~side[self.order]][0])
            table = self.pushes.push(leader, upward, ~low, ~high)
            if table is None:
                self._settle(leader, upward)
                low, high = self._reached()
            else:
                self.tables.append(table)
                low, high = low | (table <= LITTLE), high | (table >= self.base)

    def _settle(self, leader: int, upward: bool) -> None:
        """A column that does not get where it should: firm when it can be large, else exposed."""
        if upward:
            self.exposed[leader] = True
            return
        self.firm[leader] = True
        self.pushes.set_floor(self.firm)
        self.tables = [table for table in self.tables if self._firm_in(table)]
        if not self.tables and not self.pushes.possible():
            self.firm[leader], self.exposed[leader] = False, True
            self.pushes.set_floor(self.firm)

    def _firm_in(self, table: Ints) -> bool:
        return bool((table[self.firm] >= self.base[self.firm]).all())

    def _reached(self) -> tuple[Flags, Flags]:
        settled = ~self.reader.asked | self.firm | self.exposed
        stack = np.array(self.tables, dtype=np.int64).reshape(len(self.tables), len(self.base))
        return settled | (stack <= LITTLE).any(axis=0), settled | (stack >= self.base).any(axis=0)


def entry_name(model: Model, entry: int) -> str:
    """What an entry is, for people."""
    return model.names[entry] if entry < model.size else model.implied_names[entry - model.size]


def verify(model: Model, printed: Ints, hidden: Flags, certificate: Certificate) -> None:
    """That a certificate proves what it says, from the print alone and without a solver. Raises NotProved."""
    tables = certificate.tables
    shown = model.published & ~hidden
    if (
        tables.ndim != 2
        or tables.shape[1] != model.size
        or len(certificate.covered) != len(entry_base(model))
    ):
        raise NotProved("the certificate is of another model")
    every = entries(model, tables)
    part, whole = tables[:, model.presence[:, 0]], tables[:, model.presence[:, 1]]
    for holds, what in (
        ((tables[:, shown] == printed[shown]).all(), "differs from what is printed"),
        (not (model.equations @ tables.T).any(), "breaks an equation"),
        ((every >= 0).all(), "holds a negative count"),
        (((tables >= model.lower) & (tables <= model.upper)).all(), "leaves public bounds"),
        (((part > 0) == (whole > 0)).all(), "breaks a pair that is present together"),
    ):
        if not holds:
            raise NotProved(f"a table of the certificate {what}")
    _verify_cover(model, hidden, certificate, every)


def _verify_cover(model: Model, hidden: Flags, certificate: Certificate, every: Ints) -> None:
    base, covered = entry_base(model), certificate.covered
    known = np.concatenate([model.lower == model.upper, np.zeros(len(base) - model.size, dtype=bool)])
    small: Ints = every[:, covered].min(axis=0, initial=np.iinfo(np.int64).max)
    large: Ints = every[:, covered].max(axis=0, initial=-1)
    if (small > LITTLE).any() or (large < base[covered]).any():
        raise NotProved("an entry is said to be covered and no tables show it")
    others = np.concatenate([model.published & hidden, np.ones(len(base) - model.size, dtype=bool)])
    others &= ~covered & ~known
    if (every[:, others] < base[others]).any():
        raise NotProved("a table takes an entry that is not covered under its base")


def uncovered(certificate: Certificate, protection: Protection) -> Ints:
    """Private: entries that need protection and have none. What is publishable is only that there are none."""
    return np.flatnonzero(protection.cells & ~certificate.covered)
