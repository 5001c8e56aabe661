"""Regions in one another as the places of figures, with what nobody publishes and every reader can compute between them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gmsd_contracts.catalogue import Level
from gmsd_publication.disclosure.model import TOP, Ints
from gmsd_publication.domain.regions import Region

REST, TWICE = "rest", "dubbel"
UNKNOWN = -1
"""Of a figure that a release did not have."""
STEPS = {Level.BUURT: 0, Level.WIJK: 1, Level.GEMEENTE: 1, Level.PROVINCIE: 1, Level.LAND: 1}
"""K per level, declared: totals may be one base further away; what is no total is never stepped (disclosure.md 5.2, 5.7)."""

LATER_STEPS = {Level.BUURT: 1, Level.WIJK: 4, Level.GEMEENTE: 8, Level.PROVINCIE: 8, Level.LAND: 8}
"""The same in a later release, whose unchanged parts may not move: n of them are off by 2·√n together (base 5, one standard deviation),
so half a gemeente of 45 buurten that is withdrawn leaves a total 9 off, and 45 is far enough. A step is taken where nothing else
adds up; of a region that is no sum only its sums over categories step, and those once."""


@dataclass(frozen=True)
class Place:
    """A region in the tree of one family of indicators: a published region, or the rest or the double counts of one.

    `first` is the cell of its first figure: figures of a place lie side by side, in the order of the family's slots.
    """

    name: str
    level: Level
    first: int
    block: int


@dataclass(frozen=True)
class Sum:
    """total = its parts + sign · computed, place by place: sign 1 for what is left in no part, −1 for what was counted twice."""

    total: int
    parts: tuple[int, ...]
    computed: int | None
    sign: int


class Tree:
    """Open regions in one another, with the computed places between them.

    `number`: place of each region. `double`: places of double counts. `sums`, `finest`: as in Family.
    """

    def __init__(self, regions: Sequence[Region], twice: bool, start: int, width: int, block: int) -> None:
        self.places: list[Place] = []
        self.number: dict[str, int] = {}
        self.parents: list[int] = []
        self.sums: list[Sum] = []
        self.finest: list[int] = []
        self._double: list[int] = []
        self._start, self._width, self._block = start, width, block
        self._children = _children(regions)
        self._twice = twice
        for region in self._children.pop(None, []):
            top = self._new_block(TOP)
            self._grow(self._add(region.code, region.level, top), region, top, top)

    @property
    def double(self) -> Ints:
        """[k] places of double counts."""
        return np.array(self._double, dtype=np.int64)

    def steps(self) -> Ints:
        """[places] K: that of the level, and 0 of a place that holds people itself, whatever its level, or that nobody publishes."""
        steps = np.array([STEPS[place.level] for place in self.places], dtype=np.int64)
        steps[self.finest] = 0
        steps[self.double] = 0
        return steps

    def _new_block(self, parent: int) -> int:
        self.parents.append(parent)
        return self._block + len(self.parents) - 1

    def _add(self, name: str, level: Level, block: int) -> int:
        self.places.append(Place(name, level, self._start + len(self.places) * self._width, block))
        return len(self.places) - 1

    def _grow(self, parent: int, region: Region, own: int, inside: int | None) -> None:
        """The country and its provinces are decided together; below, each region's parts once the region is."""
        children = self._children.get(region.code, [])
        self.number[region.code] = parent
        if not children:
            self.finest.append(parent)
            return
        block = inside if inside is not None else self._new_block(own)
        numbers = [self._add(child.code, child.level, block) for child in children]
        computed, sign = None, 1
        if region.level is Level.GEMEENTE:
            computed = self._add(f"{REST} {region.code}", region.level, block)
            self.finest.append(computed)
        elif self._twice and len(children) > 1 and region.level in (Level.LAND, Level.PROVINCIE):
            computed, sign = self._add(f"{TWICE} {region.code}", region.level, block), -1
            self._double.append(computed)
        self.sums.append(Sum(parent, tuple(numbers), computed, sign))
        for child, number in zip(children, numbers, strict=True):
            self._grow(number, child, block, None)


def fill_computed(sums: Sequence[Sum], figures: Ints) -> None:
    """What is left of each total, or counted twice in it, from the figures [places, slots] of regions; UNKNOWN where one is."""
    for one in sums:
        if one.computed is not None:
            parts = figures[list(one.parts)]
            left = one.sign * (figures[one.total] - parts.sum(axis=0))
            known = (figures[one.total] != UNKNOWN) & (parts != UNKNOWN).all(axis=0)
            figures[one.computed] = np.where(known, left, UNKNOWN)


def _children(regions: Sequence[Region]) -> dict[str | None, list[Region]]:
    """By the nearest open region each lies in; None for what lies in no open one."""
    known = {region.code for region in regions}
    land = next((region.code for region in regions if region.level is Level.LAND), None)
    found: dict[str | None, list[Region]] = {}
    for region in regions:
        outer = [None if region.level is Level.LAND else land]
        if region.level in (Level.GEMEENTE, Level.WIJK, Level.BUURT):
            outer.insert(0, region.provincie)
        if region.level in (Level.WIJK, Level.BUURT):
            outer.insert(0, region.gemeente)
        if region.level is Level.BUURT:
            outer.insert(0, region.wijk)
        parent = next((code for code in outer if code in known), None)
        found.setdefault(parent, []).append(region)
    return found
