"""The release model of the catalogue: every open cell of a national release, and all that links them (disclosure.md 5.2).

Beside the published cells stand counts that nobody publishes and every reader can compute: what a gemeente counts in no open
wijk, and how often the gemeenten of a total counted one person twice.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import scipy.sparse as sp

from gmsd_contracts.catalogue import Indicator
from gmsd_publication.disclosure.errors import NotAdditive
from gmsd_publication.disclosure.model import UNBOUNDED, Flags, Ints, Model
from gmsd_publication.disclosure.names import Names
from gmsd_publication.domain.places import Place, Sum, Tree, fill_computed
from gmsd_publication.domain.regions import Regions
from gmsd_publication.domain.relations import Relations, linked, relations


@dataclass(frozen=True)
class Family:
    """Linked indicators with their places. `cells` [places, slots].

    `sums`: outer totals first.
    `finest` places hold people; every other figure is a sum of theirs.
    """

    indicators: tuple[Indicator, ...]
    relations: Relations
    places: tuple[Place, ...]
    sums: tuple[Sum, ...]
    finest: Ints
    cells: Ints


@dataclass(frozen=True)
class Release:
    """`order` [published]: the cell of each row of the exact table. `truth` [n], the computed counts included.

    `wishes` [w, n]: signed sums we would rather not publish as negative. No reader can count on them.
    `doubles` [n]: which cells say how often people were counted twice.
    """

    model: Model
    wishes: sp.csr_array
    doubles: Flags
    truth: Ints
    order: Ints
    families: tuple[Family, ...]


def release_model(exact: pl.DataFrame, catalogue: Sequence[Indicator], regions: Regions) -> Release:
    """Of all open cells (`cells.EXACT_COLUMNS`). Raises NotAdditive when the counts break a definition, BrokenDecomposition."""
    present = set(exact["indicator"].cast(pl.String).unique())
    families = []
    parts: list[_Part] = []
    start, blocks = 0, 0
    for indicators in linked([one for one in catalogue if one.id in present]):
        part = _Part(indicators, exact, regions, start, blocks)
        parts.append(part)
        start, blocks = start + part.cells.size, blocks + len(part.parents)
        families.append(part.family())
    truth = np.concatenate([part.truth.ravel() for part in parts])
    order = np.full(exact.height, -1, dtype=np.int64)
    for part in parts:
        order[part.rows] = part.at
    wishes = _stacked([piece for part in parts for piece in part.wishes()], start)
    doubles = np.zeros(start, dtype=bool)
    for part in parts:
        doubles[part.cells[part.tree.double]] = True
    return Release(_joined(parts, start), wishes, doubles, truth, order, tuple(families))


class _Part:
    """One family: its places, its truth and its rows."""

    def __init__(
        self, indicators: tuple[Indicator, ...], exact: pl.DataFrame, regions: Regions, start: int, block: int
    ) -> None:
        self.indicators, self.relations = indicators, relations(indicators)
        self.width = len(self.relations.slots)
        own = exact.with_row_index("row").filter(
            pl.col("indicator").cast(pl.String).is_in([indicator.id for indicator in indicators])
        )
        codes = own.select(pl.col("region").cast(pl.String).unique(maintain_order=True))["region"].to_list()
        self.tree = Tree(
            [regions.by_code[code] for code in codes], bool(self.relations.twice), start, self.width, block
        )
        self.parents = self.tree.parents
        places = self.tree.places
        self.cells = start + np.arange(len(places) * self.width, dtype=np.int64).reshape(
            len(places), self.width
        )
        self._fill(own)

    def _fill(self, own: pl.DataFrame) -> None:
        slots = pl.DataFrame(self.relations.slots, schema=["indicator", "moment", "category"], orient="row")
        numbered = pl.DataFrame({"region": list(self.tree.number), "place": list(self.tree.number.values())})
        placed = own.with_columns(pl.col("indicator", "moment", "category", "region").cast(pl.String)).join(
            slots.with_row_index("slot"), on=["indicator", "moment", "category"], how="left", maintain_order="left"
        ).join(numbered, on="region", how="left", maintain_order="left")  # fmt: skip
        if placed.height != len(self.tree.number) * self.width or placed["slot"].null_count():
            raise NotAdditive("a region has open figures of some linked indicators only")
        place, slot = placed["place"].to_numpy(), placed["slot"].to_numpy()
        self.rows = placed["row"].to_numpy().astype(np.int64)
        self.at = self.cells[place, slot]
        self.truth = np.zeros(self.cells.shape, dtype=np.int64)
        self.truth[place, slot] = placed["count"].to_numpy()
        fill_computed(self.tree.sums, self.truth)
        self.published = np.zeros(len(self.tree.places), dtype=bool)
        self.published[list(self.tree.number.values())] = True

    def bases(self) -> Ints:
        """[slots]."""
        of = {indicator.id: indicator.base for indicator in self.indicators}
        return np.array([of[indicator] for indicator, _, _ in self.relations.slots], dtype=np.int64)

    def family(self) -> Family:
        """As the proof needs it."""
        finest = np.array(self.tree.finest, dtype=np.int64)
        places, sums = tuple(self.tree.places), tuple(self.tree.sums)
        return Family(self.indicators, self.relations, places, sums, finest, self.cells)

    def upper(self) -> Ints:
        """[places, slots]: a figure in which nobody counts twice has no double counts, by definition."""
        upper = np.full(self.cells.shape, UNBOUNDED)
        once = np.setdiff1d(np.arange(self.width), self.relations.twice)
        upper[np.ix_(self.tree.double, once)] = 0
        return upper

    def equations(self) -> list[sp.coo_array]:
        """Sums over regions, then over categories."""
        return [self._sums(), *self._within(self.relations.equations, self.relations.twice_equations)]

    def implied(self) -> list[sp.coo_array]:
        """Counts that follow: from figures of one region, and who counts in a total and not in one of its parts."""
        return [*self._within(self.relations.counts, self.relations.twice_counts), self._outside()]

    def presence(self) -> Ints:
        """(part, whole) cells of every region."""
        pairs = np.array(self.relations.presence, dtype=np.int64).reshape(-1, 2)
        own = self.cells[self._regular()]
        return np.stack([own[:, pairs[:, 0]].ravel(), own[:, pairs[:, 1]].ravel()], axis=1)

    def wishes(self) -> list[sp.coo_array]:
        """That double counts are simple, and that nobody counts three times: of a total there are more once than twice."""
        simple = self._templated(self.relations.twice_simple, self.tree.double)
        pairs = [
            (one.total, one.computed) for one in self.tree.sums if one.sign < 0 and one.computed is not None
        ]
        return [simple, self._differences(pairs)]

    def _outside(self) -> sp.coo_array:
        return self._differences(
            [(one.total, part) for one in self.tree.sums if one.sign < 0 for part in one.parts]
        )

    def _differences(self, pairs: Sequence[tuple[int, int]]) -> sp.coo_array:
        """Rows: one place less another, for every figure in which somebody may count twice."""
        at = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        cells = self.cells[:, np.array(self.relations.twice, dtype=np.int64)][at]  # [pairs, 2, slots]
        columns = np.moveaxis(cells, 1, 2).reshape(-1, 2)
        rows = np.repeat(np.arange(len(columns)), 2)
        data = np.tile([1, -1], len(columns))
        return sp.coo_array((data, (rows, columns.ravel())), shape=(len(columns), self._end))

    @property
    def _end(self) -> int:
        return int(self.cells.flat[-1]) + 1

    def _regular(self) -> Ints:
        return np.setdiff1d(np.arange(len(self.tree.places)), self.tree.double)

    def _within(self, rows: Sequence[dict[int, int]], twice: Sequence[dict[int, int]]) -> list[sp.coo_array]:
        return [self._templated(rows, self._regular()), self._templated(twice, self.tree.double)]

    def _templated(self, rows: Sequence[dict[int, int]], places: Ints) -> sp.coo_array:
        """Rows over the figures of one place, for each of some places."""
        template = self.relations.matrix(rows).tocoo()
        shift = np.arange(len(places))[:, None] * template.shape[0]
        columns = self.cells[places, 0][:, None] + template.col
        data = np.broadcast_to(template.data, columns.shape)
        shape = (len(places) * template.shape[0], self._end)
        return sp.coo_array((data.ravel(), ((shift + template.row).ravel(), columns.ravel())), shape=shape)

    def _sums(self) -> sp.coo_array:
        rows, columns, signs = [], [], []
        slots = np.arange(self.width)
        for number, one in enumerate(self.tree.sums):
            members, sign = [one.total, *one.parts], [1] + [-1] * len(one.parts)
            if one.computed is not None:
                members.append(one.computed)
                sign.append(-one.sign)
            rows.append(np.tile(number * self.width + slots, len(members)))
            columns.append(self.cells[members].ravel())
            signs.append(np.repeat(sign, self.width))
        if not rows:
            return sp.coo_array((0, self._end), dtype=np.int64)
        triple = np.concatenate(signs), (np.concatenate(rows), np.concatenate(columns))
        return sp.coo_array(triple, shape=(len(self.tree.sums) * self.width, self._end))


def _stacked(pieces: Sequence[sp.coo_array], size: int) -> sp.csr_array:
    """All rows. In 32 bits: the twelve million entries of a nation are copied several times."""
    wide = [
        sp.coo_array(
            (piece.data.astype(np.int32), tuple(at.astype(np.int32) for at in piece.coords)),
            shape=(piece.shape[0], size),
        )
        for piece in pieces
    ]
    return sp.vstack(wide, format="csr") if wide else sp.csr_array((0, size), dtype=np.int32)


def _joined(parts: Sequence[_Part], size: int) -> Model:
    def spread(values: Callable[["_Part"], Ints]) -> Ints:
        return np.concatenate([values(part) for part in parts]) if parts else np.zeros(0, dtype=np.int64)

    def name(cell: int) -> str:
        part = next(part for part in parts if cell <= part.cells.flat[-1])
        place, slot = divmod(cell - int(part.cells.flat[0]), part.width)
        return " ".join((*part.relations.slots[slot], part.tree.places[place].name))

    equations = _stacked([piece for part in parts for piece in part.equations()], size)
    implied = _stacked([piece for part in parts for piece in part.implied()], size)

    def of_row(rows: sp.csr_array) -> Callable[[int], str]:
        def text(row: int) -> str:
            cells = rows.indices[rows.indptr[row] : rows.indptr[row + 1]]
            return " · ".join(name(int(cell)) for cell in cells[:3]) + (" · …" if len(cells) > 3 else "")

        return text

    return Model(
        names=Names(size, name),
        base=spread(lambda part: np.tile(part.bases(), len(part.tree.places))),
        published=spread(lambda part: np.repeat(part.published, part.width)).astype(bool),
        steps=spread(lambda part: np.repeat(part.tree.steps(), part.width)),
        lower=np.zeros(size, dtype=np.int64),
        upper=spread(lambda part: part.upper().ravel()),
        equations=equations,
        equation_names=Names(equations.shape[0], of_row(equations)),
        implied=implied,
        implied_names=Names(implied.shape[0], of_row(implied)),
        presence=np.concatenate([part.presence() for part in parts]),
        block=spread(lambda part: np.repeat([place.block for place in part.tree.places], part.width)),
        parents=np.concatenate([np.array(part.parents, dtype=np.int64) for part in parts]),
        place=np.repeat(
            np.arange(sum(len(part.tree.places) for part in parts)),
            np.concatenate([np.full(len(part.tree.places), part.width) for part in parts]),
        ),
    )
