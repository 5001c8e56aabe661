"""Small linked tables for the attacker's tests: their truth, their releases, and what is printed of them.

The only file of these tests that joins the library, which makes the releases, to the attacker, which shares no code with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import scipy.sparse as sp
from hypothesis import strategies as st

from gmsd_publication.disclosure.model import TOP, UNBOUNDED, Ints, Model
from gmsd_publication.disclosure.rounding.alike import alike
from gmsd_publication.disclosure.rounding.nearest import Asked, round_whole
from gmsd_publication.disclosure.rounding.targets import Targets, numbers, targets
from tests.publication.disclosure.attacker.paper import Paper
from tests.publication.disclosure.attacker.rules import controlled

ALL = "all"
Tree = Mapping[str, Sequence[str]]
"""Parts of each code that has any; ALL is the whole."""
Cell = tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """Cells of linked tables, their sums (total, parts), and the cells [kind, ...] one contributor of each kind is in."""

    cells: list[Cell]
    sums: list[tuple[int, list[int]]]
    kinds: list[list[int]]

    def truth(self, people: Sequence[int]) -> Ints:
        """Exact counts when there are so many of each kind."""
        counts = np.zeros(len(self.cells), dtype=np.int64)
        for number, kind in zip(people, self.kinds, strict=True):
            counts[kind] += number
        return counts

    def names(self) -> list[str]:
        """Of the cells."""
        return ["/".join(cell) for cell in self.cells]


def layout(trees: Sequence[Tree], tables: Sequence[set[int]]) -> Layout:
    """Tables that each cross some of the dimensions, every total printed; linked by the totals they share."""
    cells: dict[Cell, None] = {}
    for table in tables:
        codes = [_codes(tree) if d in table else [ALL] for d, tree in enumerate(trees)]
        cells |= dict.fromkeys(product(*codes))
    at = {cell: i for i, cell in enumerate(cells)}
    sums = []
    for cell, d in product(at, range(len(trees))):
        parts = [cell[:d] + (code,) + cell[d + 1 :] for code in trees[d].get(cell[d], ())]
        if parts and all(part in at for part in parts):
            sums.append((at[cell], [at[part] for part in parts]))
    leaves = [[code for code in _codes(tree) if code not in tree] for tree in trees]
    above = [{leaf: _above(tree, leaf) for leaf in its} for tree, its in zip(trees, leaves, strict=True)]
    kinds = [
        [at[cell] for cell in product(*(above[d][leaf] for d, leaf in enumerate(kind))) if cell in at]
        for kind in product(*leaves)
    ]
    return Layout(list(at), sums, kinds)


def _codes(tree: Tree) -> list[str]:
    return [ALL, *(code for parts in tree.values() for code in parts)]


def _above(tree: Tree, leaf: str) -> list[str]:
    """A leaf and every code it lies in."""
    found = [leaf]
    while found[-1] != ALL:
        found.append(next(code for code, parts in tree.items() if found[-1] in parts))
    return found


PAIR: Tree = {ALL: ["x", "y"]}
TRIPLE: Tree = {ALL: ["p", "q", "r"]}
NESTED: Tree = {ALL: ["west", "east"], "west": ["w1", "w2"], "east": ["e1"]}

ALONE: Tree = {ALL: ["wijk"], "wijk": ["buurt"]}
"""A place with one part, which has one part: three figures that are always equal."""

LAYOUTS = {
    "alone": layout([ALONE], [{0}]),
    "one way": layout([TRIPLE], [{0}]),
    "two by two": layout([PAIR, PAIR], [{0, 1}]),
    "two way": layout([PAIR, TRIPLE], [{0, 1}]),
    "nested": layout([NESTED, PAIR], [{0, 1}]),
    "sharing a margin": layout([PAIR, TRIPLE, PAIR], [{0, 1}, {0, 2}]),
    "a ring": layout([PAIR, PAIR, PAIR], [{0, 1}, {1, 2}, {0, 2}]),
    "three way": layout([PAIR, PAIR, PAIR], [{0, 1, 2}]),
}

COUNTS = st.sampled_from([0, 0, 0, 0, 1, 1, 2, 3, 4, 4, 5, 6, 9, 13])
"""Mostly small, as the tables this is for."""


@st.composite
def populations(draw: st.DrawFn) -> tuple[Layout, list[int]]:
    """A layout and how many there are of each kind."""
    of = LAYOUTS[draw(st.sampled_from(sorted(LAYOUTS)))]
    people = draw(st.lists(COUNTS, min_size=len(of.kinds), max_size=len(of.kinds)))
    return of, people


def model(of: Layout, margin_steps: int = 0) -> Model:
    """The layout as the library wants it. Finest cells never step."""
    size = len(of.cells)
    equations = np.zeros((len(of.sums), size), dtype=np.int64)
    steps = np.zeros(size, dtype=np.int64)
    for row, (total, parts) in enumerate(of.sums):
        equations[row, total], equations[row, parts] = 1, -1
        steps[total] = margin_steps
    return Model(
        names=of.names(),
        base=np.full(size, 5, dtype=np.int64),
        published=np.ones(size, dtype=bool),
        steps=steps,
        lower=np.zeros(size, dtype=np.int64),
        upper=np.full(size, UNBOUNDED, dtype=np.int64),
        equations=sp.csr_array(equations),
        equation_names=[of.names()[total] for total, _ in of.sums],
        implied=sp.csr_array((0, size), dtype=np.int64),
        implied_names=[],
        presence=np.zeros((0, 2), dtype=np.int64),
        block=np.zeros(size, dtype=np.int64),
        parents=np.array([TOP]),
    )


def key(seed: int) -> bytes:
    """One of many secrets."""
    return seed.to_bytes(32, "big")


def asked_of(release: Model, truth: Ints, seed: int) -> Targets:
    """What the default mode aims at under one secret."""
    return targets(truth, release.base, numbers(key(seed), release.names)[alike(release, truth)])


def rounded(of: Layout, truth: Ints, seed: int, margin_steps: int = 0) -> Ints:
    """The library's first release under one secret."""
    release, nothing = model(of, margin_steps), np.zeros(len(truth), dtype=bool)
    return round_whole(release, Asked(truth, asked_of(release, truth, seed), nothing, truth))


def printed(of: Layout, release: Ints, margin_steps: int = 0, complements: bool = True) -> Paper:
    """A rounded release as the attacker sees it. Built from the layout, not from the library's model."""
    paper, totals = Paper(), {total for total, _ in of.sums}
    for cell, (name, figure) in enumerate(zip(of.names(), release.tolist(), strict=True)):
        paper.cell(name, figure, controlled(figure, steps=margin_steps if cell in totals else 0))
    for total, parts in of.sums:
        paper.total(total, parts)
    if complements:
        paper.complements()
    return paper
