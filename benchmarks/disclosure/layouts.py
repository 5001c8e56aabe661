"""Gemeenten as they are published: wijken and buurten by three classifications, two by two, never all three at once.

The prototypes' layout (disclosure.md 5.2, 5.6): 150 buurten in 15 wijken, classes of 6, 6 and 7. A region with two-way tables has
140 figures, one with one-way tables 20; two-way down to the wijken is 5,240 cells a gemeente, down to the buurten 23,240.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp

from benchmarks.disclosure.classes import CLASSES, DEEP, SHALLOW, collapse, sums_of_classes
from gmsd_publication.disclosure.model import TOP, UNBOUNDED, Ints, Model

WIJKEN, BUURTEN = 15, 10
PROVINCES = 12
BASE = 5
FINEST, ABOVE = 0, 1
"""K of buurten and of everything above: declared, as the catalogue's release does."""
PEOPLE = 105
"""In a mean buurt: gives some 5,700 non-empty combinations of three classes in a gemeente, four in five of them 1 to 4."""


@dataclass
class Region:
    """`first`: the cell of its total. `block`: where it is decided."""

    name: str
    width: int
    first: int
    block: int
    parts: list["Region"] = field(default_factory=list)


@dataclass(frozen=True)
class Layout:
    """`model` of all published figures and their exact `truth` [n]."""

    model: Model
    truth: Ints


def layout(gemeenten: int, deep: bool, seed: int = 11) -> Layout:
    """One gemeente, or so many in provinces in a country. `deep`: two-way tables of buurten too."""
    tree = _Tree(DEEP if deep else SHALLOW)
    if gemeenten == 1:
        tree.gemeente("GM0", tree.block(TOP), seed)
    else:
        tree.country(gemeenten, seed)
    return Layout(tree.model(), tree.truth())


class _Tree:
    """Regions in the order of their cells, a region before its parts' cells are summed into it."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.regions: list[Region] = []
        self.parents: list[int] = []
        self.size = 0
        self._counts: dict[int, Ints] = {}

    def block(self, parent: int) -> int:
        self.parents.append(parent)
        return len(self.parents) - 1

    def country(self, gemeenten: int, seed: int) -> Region:
        """Provinces are decided with the country, gemeenten with their province."""
        top = self.block(TOP)
        country = self._add("NL", DEEP, top)
        country.parts = [self._add(f"PV{number}", DEEP, top) for number in range(PROVINCES)]
        blocks = [self.block(top) for _ in country.parts]
        for number in range(gemeenten):
            province = number % PROVINCES
            name = f"GM{number:04}"
            country.parts[province].parts.append(self.gemeente(name, blocks[province], seed + number))
        return country

    def gemeente(self, name: str, block: int, seed: int) -> Region:
        """Its wijken are decided together, the buurten of each once it is."""
        random = np.random.default_rng(seed)
        own = self._add(name, DEEP, block)
        inside = self.block(block)
        own.parts = [self._add(f"{name} WK{wijk}", DEEP, inside) for wijk in range(WIJKEN)]
        for wijk in own.parts:
            below = self.block(inside)
            for number in range(BUURTEN):
                buurt = self._add(f"{wijk.name} BU{number}", self.width, below)
                wijk.parts.append(buurt)
        self._count(own, random)
        return own

    def _add(self, name: str, width: int, block: int) -> Region:
        self.regions.append(Region(name, width, self.size, block))
        self.size += width
        return self.regions[-1]

    def _count(self, own: Region, random: np.random.Generator) -> None:
        """People per buurt: few or many, and most of them of the common classes."""
        shares = [random.dirichlet(np.full(size, 0.8)) for size in CLASSES]
        cross = np.einsum("a,b,c->abc", *shares).ravel()
        people = random.lognormal(np.log(PEOPLE) - 0.32, 0.8, (WIJKEN, BUURTEN, 1))
        counts = random.poisson(people * cross) @ collapse().T
        self._counts[own.first] = counts.sum(axis=(0, 1))
        for wijk, of_wijk in zip(own.parts, counts, strict=True):
            self._counts[wijk.first] = of_wijk.sum(axis=0)
            for buurt, figures in zip(wijk.parts, of_wijk, strict=True):
                self._counts[buurt.first] = figures[: buurt.width]

    def truth(self) -> Ints:
        """[n] Provinces and country are sums of their gemeenten."""
        truth = np.zeros(self.size, dtype=np.int64)
        for region in reversed(self.regions):
            figures = self._counts.get(region.first)
            if figures is None:
                figures = np.sum([truth[part.first : part.first + DEEP] for part in region.parts], axis=0)
            truth[region.first : region.first + region.width] = figures
        return truth

    def model(self) -> Model:
        """Published figures only: every one is shown, so there is nothing free."""
        everywhere = np.ones(self.size, dtype=np.int64)
        widths = [region.width for region in self.regions]
        equations = sp.csr_array(sp.vstack([self._within(SHALLOW), self._within(DEEP), self._sums()]))
        steps = [FINEST if not region.parts else ABOVE for region in self.regions]
        return Model(
            names=_Names(self.regions),
            base=BASE * everywhere,
            published=np.ones(self.size, dtype=bool),
            steps=np.repeat(np.array(steps, dtype=np.int64), widths),
            lower=0 * everywhere,
            upper=UNBOUNDED * everywhere,
            equations=equations,
            equation_names=range(equations.shape[0]),  # type: ignore[arg-type]
            implied=sp.csr_array((0, self.size), dtype=np.int64),
            implied_names=[],
            presence=np.zeros((0, 2), dtype=np.int64),
            block=np.repeat(np.array([region.block for region in self.regions]), widths),
            parents=np.array(self.parents),
            place=np.repeat(np.arange(len(self.regions)), widths),
        )

    def _within(self, width: int) -> sp.coo_array:
        """Every region of this width: classes add up to the total, two-way figures to classes."""
        template = sums_of_classes(width).tocoo()
        firsts = np.array([region.first for region in self.regions if region.width == width], dtype=np.int64)
        rows = np.arange(len(firsts))[:, None] * template.shape[0] + template.row
        columns = firsts[:, None] + template.col
        values = np.broadcast_to(template.data, rows.shape)
        shape = (len(firsts) * template.shape[0], self.size)
        return sp.coo_array((values.ravel(), (rows.ravel(), columns.ravel())), shape=shape)

    def _sums(self) -> sp.coo_array:
        """Every region with parts: each figure that the parts have too."""
        rows, columns, values, count = [], [], [], 0
        for region in self.regions:
            if not region.parts:
                continue
            width = region.parts[0].width
            members = np.array([region.first, *(part.first for part in region.parts)])
            slots = np.arange(width)
            rows.append(np.tile(count + slots, len(members)))
            columns.append((members[:, None] + slots).ravel())
            values.append(np.repeat(np.where(members == region.first, 1, -1), width))
            count += width
        places = (np.concatenate(rows), np.concatenate(columns))
        return sp.coo_array((np.concatenate(values), places), shape=(count, self.size))


class _Names(Sequence[str]):
    """Region and number of the figure, made when asked for: a nation has 1.8 million."""

    def __init__(self, regions: Sequence[Region]) -> None:
        self._names = [region.name for region in regions]
        self._firsts = np.array([region.first for region in regions])
        self._size = regions[-1].first + regions[-1].width

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, index: int) -> str:  # type: ignore[override]
        if not 0 <= index < self._size:
            raise IndexError(index)
        region = int(np.searchsorted(self._firsts, index, side="right")) - 1
        return f"{self._names[region]} {index - self._firsts[region]}"

    def __iter__(self) -> Iterator[str]:
        ends = [*self._firsts[1:].tolist(), self._size]
        for name, first, end in zip(self._names, self._firsts.tolist(), ends, strict=True):
            for figure in range(end - first):
                yield f"{name} {figure}"
